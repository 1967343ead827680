/** The one event stream of a page: jobs as they move, with replay after a break. */
import { useEffect, useSyncExternalStore } from 'react';
import { authorization } from './http.ts';
import { outbox } from './sender.ts';
import { takeEvents } from './sse.ts';
import type { Job } from './wire.ts';

const RECONNECT_MS = 1_500;

export class JobStream {
  readonly #projectId: number;
  readonly #abort = new AbortController();
  readonly #listeners = new Set<() => void>();
  #jobs: readonly Job[] = [];
  #lastId = '';
  #connected = false;

  constructor(projectId: number) {
    this.#projectId = projectId;
    void this.#run();
  }

  /** Jobs seen so far, newest first. */
  readonly jobs = (): readonly Job[] => this.#jobs;
  readonly connected = (): boolean => this.#connected;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  close(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      try {
        await this.#listen();
      } catch {
        // The server is away or the page is closing; the loop below decides.
      }
      this.#setConnected(false);
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  }

  async #listen(): Promise<void> {
    const headers: Record<string, string> = { ...authorization(), accept: 'text/event-stream' };
    if (this.#lastId !== '') headers['last-event-id'] = this.#lastId;
    const response = await fetch(`/api/events?project=${this.#projectId}`, { headers, signal: this.#abort.signal });
    if (!response.ok || response.body === null) return;
    this.#setConnected(true);
    outbox.nudge();
    const decoder = new TextDecoder();
    const reader = response.body.getReader();
    let buffer = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const taken = takeEvents(buffer + decoder.decode(part.value, { stream: true }));
      buffer = taken.rest;
      for (const event of taken.events) {
        if (event.id !== '') this.#lastId = event.id;
        if (event.event === 'job') this.#take(JSON.parse(event.data) as Job);
      }
    }
  }

  #take(job: Job): void {
    this.#jobs = [job, ...this.#jobs.filter((one) => one.id !== job.id)].sort((a, b) => b.id - a.id).slice(0, 50);
    this.#tell();
  }

  #setConnected(connected: boolean): void {
    if (this.#connected === connected) return;
    this.#connected = connected;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

let current: { projectId: number; stream: JobStream } | null = null;

/** The stream of this project; opening another project's closes it, so a page never holds two. */
function streamOf(projectId: number): JobStream {
  if (current?.projectId !== projectId) {
    current?.stream.close();
    current = { projectId, stream: new JobStream(projectId) };
  }
  return current.stream;
}

/** Jobs of the project as they move; calls `onEnd` once for each job that ends while the page is open. */
export function useJobs(projectId: number, onEnd?: (job: Job) => void): readonly Job[] {
  const stream = streamOf(projectId);
  const jobs = useSyncExternalStore(stream.subscribe, stream.jobs);
  useEffect(() => {
    if (onEnd === undefined) return;
    const running = new Set<number>();
    return stream.subscribe(() => {
      for (const job of stream.jobs()) {
        if (job.state === 'queued' || job.state === 'running') running.add(job.id);
        else if (running.delete(job.id)) onEnd(job);
      }
    });
  }, [stream, onEnd]);
  return jobs;
}

export function useConnected(projectId: number): boolean {
  const stream = streamOf(projectId);
  return useSyncExternalStore(stream.subscribe, stream.connected);
}
