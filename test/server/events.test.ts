/** Job events over a real connection, and the stream's promise: nothing missed, nothing flooded. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Job } from '../../src/core/domain.ts';
import { type Listening, listen } from '../../src/server/listen.ts';
import { jobStream } from '../../src/server/sse.ts';
import { type FakeApp, fakeApp, jobRow, SECRETS } from './fake-app.ts';

describe('over a connection', () => {
  let app: FakeApp;
  let listening: Listening;
  let streams: EventReader[];

  beforeEach(async () => {
    app = fakeApp();
    streams = [];
    const limits = { heartbeatMs: 50, eventStreamsMax: 3 };
    listening = await listen({ app, logger: { level: 'silent' }, port: 0, limits });
  });
  afterEach(async () => {
    for (const stream of streams) stream.close();
    await listening.close();
  });

  const open = async (path = '/api/events', headers: Record<string, string> = {}) => {
    const stream = await EventReader.open(`${listening.url}${path}`, headers);
    streams.push(stream);
    return stream;
  };

  it('begins with what is going on, then tells every change', async () => {
    const stream = await open();
    expect(stream.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(stream.response.headers.get('cache-control')).toBe('no-store');
    expect((await stream.take(2)).map((event) => event.job.id)).toEqual([1, 2]);
    app.progress(2, { done: 4, rate: 2 });
    expect(await stream.take(1)).toMatchObject([
      { job: { done: 4, rate: 2, seconds_left: 3, acts: ['pause', 'cancel'] } },
    ]);
    app.progress(2, { done: 10, state: 'done' });
    const [last] = await stream.take(1);
    expect(last).toMatchObject({ event: 'job', id: '102', job: { id: 2, state: 'done', done: 10 } });
  });

  it('goes on after the last event that was seen', async () => {
    app.progress(1, { done: 2 });
    app.progress(2, { done: 3 });
    const stream = await open('/api/events', { 'last-event-id': '101' });
    expect(await stream.take(1)).toMatchObject([{ id: '102', job: { id: 2, done: 3 } }]);
  });

  it('shows an annotator the own project only, without parameters and results', async () => {
    const stream = await open('/api/events', { authorization: `Token ${SECRETS.anna}` });
    expect(await stream.take(1)).toMatchObject([{ job: { id: 1, project: 1 } }]);
    app.progress(2, { state: 'done' });
    app.progress(1, { state: 'done' });
    const [event] = await stream.take(1);
    expect(event).toMatchObject({ job: { id: 1, state: 'done' } });
    expect(event!.job).not.toHaveProperty('params');
    expect(event!.job).not.toHaveProperty('output');
  });

  it('can be narrowed to one project', async () => {
    const stream = await open('/api/events?project=2');
    expect(await stream.take(1)).toMatchObject([{ job: { id: 2 } }]);
  });

  it('ends when the token is revoked', async () => {
    const stream = await open('/api/events', { authorization: `Token ${SECRETS.anna}` });
    await stream.take(1);
    await app.people.revoke(1);
    await stream.ended;
  });

  it('ends when the server closes, and unsubscribes when the page goes', async () => {
    const gone = await open();
    await gone.take(2);
    gone.close();
    const stays = await open();
    await stays.take(2);
    await listening.close();
    await stays.ended;
    expect(() => app.progress(1, { done: 9 })).not.toThrow();
  });

  it('has room for so many pages and frees it', async () => {
    const three = [await open(), await open(), await open()];
    const fourth = await fetch(`${listening.url}/api/events`);
    expect(fourth.status).toBe(429);
    expect(fourth.headers.get('retry-after')).toBe('5');
    expect(await fourth.json()).toMatchObject({ code: 'LIMIT_QUEUE' });
    three[0]!.close();
    await expect.poll(async () => (await open()).response.status).toBe(200);
  });
});

describe('the stream of jobs', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const job = (id: number, revision: number, change: Partial<Job> = {}): Job => ({
    ...jobRow(id),
    revision,
    ...change,
  });

  const recorded = () => {
    const frames: { id: number; job: Job; at: number }[] = [];
    const sink = {
      open: true,
      write(text: string) {
        const id = Number(/^id: (\d+)$/m.exec(text)![1]);
        frames.push({ id, job: JSON.parse(/^data: (.*)$/m.exec(text)![1]!) as Job, at: Date.now() });
        return sink.open;
      },
    };
    return { frames, sink, stream: jobStream(sink, (one) => one) };
  };

  it('sends at most four frames a second and job, the newest state each time', () => {
    const { frames, stream } = recorded();
    for (let i = 1; i <= 1000; i++) {
      stream.offer(job(1, i, { done: i }));
      vi.advanceTimersByTime(2);
    }
    vi.advanceTimersByTime(1000);
    expect(frames.length).toBeGreaterThan(6);
    expect(frames.length).toBeLessThanOrEqual(10);
    expect(frames.at(-1)!.job.done).toBe(1000);
  });

  it('sends an end at once', () => {
    const { frames, stream } = recorded();
    stream.offer(job(1, 1));
    stream.offer(job(1, 2, { state: 'done' }));
    expect(frames.map((frame) => frame.job.state)).toEqual(['running', 'done']);
  });

  it('waits for a slow listener and then sends only the newest', () => {
    const { frames, sink, stream } = recorded();
    sink.open = false;
    for (let i = 1; i <= 100; i++) {
      stream.offer(job(1, i, { done: i }));
      vi.advanceTimersByTime(300);
    }
    expect(frames).toHaveLength(1);
    sink.open = true;
    stream.drained();
    expect(frames.map((frame) => frame.job.done)).toEqual([1, 100]);
  });

  it('misses nothing: whoever comes back with the last id sees the newest state of every job', () => {
    const change = fc.record({ id: fc.integer({ min: 1, max: 4 }), waitMs: fc.nat(400), ended: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 40 }), fc.nat(40), (changes, cut) => {
        const { frames, stream } = recorded();
        const newest = new Map<number, Job>();
        changes.forEach(({ id, waitMs, ended }, i) => {
          const now = job(id, i + 1, { state: ended ? 'done' : 'running' });
          newest.set(id, now);
          stream.offer(now);
          vi.advanceTimersByTime(waitMs);
        });
        stream.close();
        // The connection broke after `cut` frames.
        const seen = frames.slice(0, cut);
        const lastId = seen.at(-1)?.id ?? 0;
        for (const [id, last] of newest) {
          const known = seen.filter((frame) => frame.job.id === id).at(-1)?.job.revision ?? 0;
          expect(last.revision > lastId || known === last.revision).toBe(true);
        }
        const ids = frames.map((frame) => frame.id);
        expect(ids).toEqual([...ids].sort((a, b) => a - b));
      }),
      { numRuns: 300, seed: 11 },
    );
  });
});

interface JobEvent {
  readonly id: string;
  readonly event: string;
  readonly job: { readonly id: number; readonly [field: string]: unknown };
}

/** Reads a stream of events; EventSource is not in Node 20. */
class EventReader {
  readonly response: Response;
  readonly ended: Promise<void>;
  readonly #abort: AbortController;
  readonly #events: JobEvent[] = [];
  #wake = () => {};

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    this.ended = this.#read().catch(() => undefined);
  }

  static async open(url: string, headers: Record<string, string>): Promise<EventReader> {
    const abort = new AbortController();
    return new EventReader(await fetch(url, { headers, signal: abort.signal }), abort);
  }

  async #read(): Promise<void> {
    let buffer = '';
    const decoder = new TextDecoder();
    for await (const chunk of this.response.body as unknown as AsyncIterable<Uint8Array>) {
      buffer += decoder.decode(chunk, { stream: true });
      const blocks = buffer.split('\n\n');
      buffer = blocks.pop()!;
      for (const block of blocks.filter((one) => one.includes('data: '))) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
        this.#events.push({
          id: field('id'),
          event: field('event'),
          job: JSON.parse(field('data')) as JobEvent['job'],
        });
      }
      this.#wake();
    }
  }

  /** The next so many events. */
  async take(count: number): Promise<JobEvent[]> {
    while (this.#events.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#events.splice(0, count);
  }

  close(): void {
    this.#abort.abort();
  }
}
