/** How fast a job goes of late, and how long the rest takes: figures that every view of a job shows. */
import type { Clock } from '../../core/clock.ts';
import type { Job } from '../../core/domain.ts';

/** Work of this long ago no longer tells how fast it goes now. */
const WINDOW_MS = 30_000;
/** Shorter than this, clocks and chance say more than the work does. */
const EVIDENCE_MS = 200;

/** More would be noise. */
const DIGITS = 3;

export interface Piece {
  readonly stage?: string;
  readonly done?: number;
  /** Of `done`: found done already, by an earlier attempt or job. It took no time. */
  readonly reused?: number;
}

/**
 * The pace of one attempt at a job. It is measured from the end of the first piece on, because what comes before it,
 * such as loading a model, is no pace; so it takes two pieces of a stage until there is one.
 */
export class Pace {
  readonly #clock: Clock;
  #stage = '';
  #done = 0;
  #reused = 0;
  /** When how much had been worked off in this stage, oldest first. */
  #marks: { readonly at: number; readonly worked: number }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add({ stage = this.#stage, done = this.#done, reused = this.#reused }: Piece): void {
    if (stage !== this.#stage || done < this.#done) this.#marks = [];
    this.#stage = stage;
    this.#done = done;
    this.#reused = reused;
    const worked = done - reused;
    if (worked <= (this.#marks.at(-1)?.worked ?? 0)) return;
    const now = this.#clock.now();
    this.#marks.push({ at: now, worked });
    while (this.#marks.length > 2 && this.#marks[1]!.at < now - WINDOW_MS) this.#marks.shift();
  }

  /** Items per second; null as long as there is too little to tell. */
  get rate(): number | null {
    const first = this.#marks[0];
    const last = this.#marks.at(-1);
    if (!first || !last || last.at - first.at < EVIDENCE_MS) return null;
    const rate = (1_000 * (last.worked - first.worked)) / (last.at - first.at);
    return Number(rate.toPrecision(DIGITS));
  }
}

/** What is left of the stage at the pace of late; null where no pace is known. */
export function secondsLeft({ rate, done, total }: Pick<Job, 'rate' | 'done' | 'total'>): number | null {
  return rate === null || rate <= 0 || total === 0 ? null : Math.ceil(Math.max(0, total - done) / rate);
}
