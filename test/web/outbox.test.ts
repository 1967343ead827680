/** Answers survive a bad network, lost replies, reloads and refusals, and each counts exactly once. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Entry, Outbox, type SendOutcome, type Shelf } from '../../web/src/outbox.ts';

class MemoryShelf implements Shelf {
  readonly #items = new Map<string, string>();
  get length(): number {
    return this.#items.size;
  }
  key(index: number): string | null {
    return [...this.#items.keys()][index] ?? null;
  }
  getItem(key: string): string | null {
    return this.#items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.#items.set(key, value);
  }
  removeItem(key: string): void {
    this.#items.delete(key);
  }
}

/** What happens to one request: it never arrives, its reply is lost, or all goes well. */
type Fate = 'lost' | 'reply lost' | 'fine';

/** A server that keeps one row per submission id, behind a network with the given fates. */
class Backend {
  readonly rows = new Map<number, { submissionId: string; body: unknown }>();
  readonly #fates: Fate[];
  #nextId = 1;

  constructor(fates: readonly Fate[]) {
    this.#fates = [...fates];
  }

  readonly send = async (entry: Entry): Promise<SendOutcome> => {
    const fate = this.#fates.shift() ?? 'fine';
    if (fate === 'lost') return { state: 'later' };
    const outcome = this.#handle(entry);
    return fate === 'reply lost' ? { state: 'later' } : outcome;
  };

  #handle(entry: Entry): SendOutcome {
    const known = [...this.rows].find(([, row]) => row.submissionId === entry.submissionId)?.[0];
    if (entry.kind === 'submit') {
      const id = known ?? this.#nextId++;
      if (known === undefined) this.rows.set(id, { submissionId: entry.submissionId, body: entry.body });
      return { state: 'done', annotationId: id };
    }
    if (entry.annotationId === null) throw new Error('an undo or update went out before its submit was acknowledged');
    if (entry.kind === 'undo') this.rows.delete(entry.annotationId);
    else this.rows.set(entry.annotationId, { submissionId: entry.submissionId, body: entry.body });
    return { state: 'done', annotationId: entry.annotationId };
  }
}

/** A page life: an outbox whose timers run when the test says so. */
function openPage(shelf: Shelf, backend: Backend, clock: { now: number }) {
  const timers: (() => void)[] = [];
  const outbox = new Outbox({ shelf, now: () => clock.now++, wait: (work) => timers.push(work), send: backend.send });
  outbox.lead();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 40; turn++) await Promise.resolve();
  };
  const tick = async (): Promise<void> => {
    await settle();
    timers.shift()?.();
    await settle();
  };
  return { outbox, tick };
}

const entry = (kind: Entry['kind'], submissionId: string, body: unknown): Omit<Entry, 'key'> => ({
  kind,
  projectId: 1,
  taskId: 1,
  submissionId,
  annotationId: null,
  body,
  token: null,
});

type Act = { readonly kind: 'submit' | 'undo' | 'update' | 'reload' | 'wait' };

describe('outbox', () => {
  it('counts every answer once, whatever the network does and however often the page is reloaded', async () => {
    const acts = fc.array(
      fc.record<Act>({ kind: fc.constantFrom('submit', 'submit', 'undo', 'update', 'reload', 'wait') }),
      { maxLength: 25 },
    );
    const fates = fc.array(fc.constantFrom<Fate>('lost', 'reply lost', 'fine'), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(acts, fates, async (steps, network) => {
        const shelf = new MemoryShelf();
        const backend = new Backend(network);
        const clock = { now: 1 };
        const wanted = new Map<string, unknown>();
        let page = openPage(shelf, backend, clock);
        for (const [i, { kind }] of steps.entries()) {
          const last = [...wanted.keys()].at(-1);
          if (kind === 'reload') page = openPage(shelf, backend, clock);
          else if (kind === 'wait') await page.tick();
          else if (kind === 'submit') {
            wanted.set(`s${i}`, i);
            page.outbox.add(entry('submit', `s${i}`, i));
          } else if (last !== undefined) {
            page.outbox.add(entry(kind, last, i));
            if (kind === 'undo') wanted.delete(last);
            else wanted.set(last, i);
          }
        }
        page = openPage(shelf, backend, clock);
        for (let i = 0; i < 200 && page.outbox.pendingCount() > 0; i++) await page.tick();
        expect(page.outbox.pendingCount()).toBe(0);
        const kept = [...backend.rows.values()].map((row) => [row.submissionId, row.body]);
        expect(kept.sort()).toEqual([...wanted].sort());
      }),
      { numRuns: 200 },
    );
  });

  it('sets a refused answer aside, sends the others, and can send it again', async () => {
    const shelf = new MemoryShelf();
    let refuse = true;
    const sent: string[] = [];
    const outbox = new Outbox({
      shelf,
      now: () => 1,
      wait: () => undefined,
      send: async (one) => {
        if (refuse && one.submissionId === 'bad') return { state: 'refused', message: 'No such label.' };
        sent.push(one.submissionId);
        return { state: 'done', annotationId: 1 };
      },
    });
    outbox.lead();
    outbox.add(entry('submit', 'bad', null));
    outbox.add(entry('submit', 'good', null));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(sent).toEqual(['good']);
    expect(outbox.refused().map((one) => one.message)).toEqual(['No such label.']);
    refuse = false;
    outbox.retryRefused();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(sent).toEqual(['good', 'bad']);
    expect(outbox.refusedCount()).toBe(0);
  });

  it('never sends a refused answer again that was taken back meanwhile', async () => {
    const outbox = new Outbox({
      shelf: new MemoryShelf(),
      now: () => 1,
      wait: () => undefined,
      send: async () => ({ state: 'refused', message: 'No.' }),
    });
    outbox.lead();
    outbox.add(entry('submit', 'a', null));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(outbox.refusedCount()).toBe(1);
    outbox.add(entry('undo', 'a', null));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect([outbox.refusedCount(), outbox.pendingCount()]).toEqual([0, 0]);
  });

  it('sends nothing while another tab leads', async () => {
    const backend = new Backend([]);
    const outbox = new Outbox({ shelf: new MemoryShelf(), now: () => 1, wait: () => undefined, send: backend.send });
    outbox.add(entry('submit', 'a', null));
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(backend.rows.size).toBe(0);
    outbox.lead();
    await new Promise((resolve) => setTimeout(resolve, 0));
    expect(backend.rows.size).toBe(1);
  });
});
