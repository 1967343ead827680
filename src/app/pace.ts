/** How fast a long job goes and how long the rest takes, in words that every view of a job shows. */
import type { Clock } from '../core/clock.ts';

/** Work of this long ago no longer tells how fast it goes now. */
const WINDOW_MS = 30_000;

export class Pace {
  readonly #clock: Clock;
  /** When how many were done, oldest first. */
  #marks: { readonly at: number; readonly done: number }[];
  #done = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#marks = [{ at: clock.now(), done: 0 }];
  }

  add(count: number): void {
    const now = this.#clock.now();
    this.#done += count;
    this.#marks.push({ at: now, done: this.#done });
    while (this.#marks.length > 2 && this.#marks[1]!.at < now - WINDOW_MS) this.#marks.shift();
  }

  /** Per second; 0 before anything was done. */
  get rate(): number {
    const first = this.#marks[0]!;
    const last = this.#marks.at(-1)!;
    return last.at > first.at ? (1_000 * (last.done - first.done)) / (last.at - first.at) : 0;
  }

  /** `yolox · 14/s · 35 s left` */
  stage(what: string, left: number): string {
    const { rate } = this;
    if (rate === 0) return what;
    return `${what} · ${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s · ${duration(Math.max(0, left) / rate)} left`;
  }
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5_400 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3_600)} h`;
}
