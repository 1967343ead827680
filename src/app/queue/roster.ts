/** Who is where: the task of each ordinal, who has dealt with it, and who holds it now. */
import type { Clock } from '../../core/clock.ts';

/** What people have done with a task. */
interface Dealt {
  /** Answers, without skips. */
  readonly answers: number;
  /** Who answered or skipped it. */
  readonly by: readonly number[];
}

const ORDINALS_MIN = 1_024;
const NOBODY: ReadonlyMap<number, number> = new Map();

export class Roster {
  readonly #clock: Clock;
  /** Answers wanted per task. */
  readonly #overlap: number;
  /** Task id per ordinal; 0 where there is no living task. */
  #taskIds = new Float64Array(ORDINALS_MIN);
  readonly #dealt = new Map<number, Dealt>();
  /** Ordinals with some of the answers the overlap asks for. */
  readonly #partly = new Set<number>();
  /** Per ordinal: until when each annotator holds it. */
  readonly #leases = new Map<number, Map<number, number>>();
  /** 1 where the task has a row that the policy can rank. */
  #ranked = new Uint8Array(ORDINALS_MIN);
  #rows = 0;
  /** Every task before this ordinal has been dealt with: where the search for open ones starts. */
  #settledBefore = 0;

  constructor(clock: Clock, overlap: number) {
    this.#clock = clock;
    this.#overlap = overlap;
  }

  /** Returns false when the task is there already. */
  place(ordinal: number, taskId: number): boolean {
    if (ordinal >= this.#taskIds.length) {
      const grown = new Float64Array(2 ** Math.ceil(Math.log2(ordinal + 1)));
      grown.set(this.#taskIds);
      this.#taskIds = grown;
      const ranked = new Uint8Array(grown.length);
      ranked.set(this.#ranked);
      this.#ranked = ranked;
    }
    if (this.#taskIds[ordinal] === taskId) return false;
    this.#taskIds[ordinal] = taskId;
    this.#settledBefore = Math.min(this.#settledBefore, ordinal);
    return true;
  }

  /** The task (placed before) has a row. */
  setRow(ordinal: number): void {
    this.#rows += 1 - this.#ranked[ordinal]!;
    this.#ranked[ordinal] = 1;
  }

  /** Living tasks with a row. */
  get rows(): number {
    return this.#rows;
  }

  remove(ordinal: number): void {
    this.#rows -= this.#ranked[ordinal] ?? 0;
    this.#ranked[ordinal] = 0;
    this.#taskIds[ordinal] = 0;
    this.setAnswers(ordinal, []);
    this.#leases.delete(ordinal);
  }

  taskId(ordinal: number): number | undefined {
    return this.#taskIds[ordinal] || undefined;
  }

  /** (ordinal, task id) of every living task. */
  *tasks(): Generator<[number, number]> {
    for (let ordinal = 0; ordinal < this.#taskIds.length; ordinal++) {
      const id = this.#taskIds[ordinal];
      if (id) yield [ordinal, id];
    }
  }

  setAnswers(ordinal: number, answers: readonly { annotatorId: number; skipped: boolean }[]): void {
    const count = answers.filter((one) => !one.skipped).length;
    if (answers.length === 0) {
      this.#dealt.delete(ordinal);
      this.#settledBefore = Math.min(this.#settledBefore, ordinal);
    } else this.#dealt.set(ordinal, { answers: count, by: answers.map((one) => one.annotatorId) });
    if (answers.length > 0 && count < this.#overlap && this.#overlap > 1) this.#partly.add(ordinal);
    else this.#partly.delete(ordinal);
  }

  /** Has anybody answered it? */
  isAnswered(ordinal: number): boolean {
    return (this.#dealt.get(ordinal)?.answers ?? 0) > 0;
  }

  /** Those of `ordinals` that nobody has dealt with and this annotator (null: anybody) could get. */
  *open(ordinals: Iterable<number>, annotatorId: number | null): Generator<number> {
    for (const ordinal of ordinals) {
      if (!this.#isSettled(ordinal) && this.#hasRoom(ordinal, annotatorId)) yield ordinal;
    }
  }

  /** Those with some of the answers the overlap asks for that this annotator could get. */
  *partlyAnswered(annotatorId: number): Generator<number> {
    for (const ordinal of this.#partly) if (this.#hasRoom(ordinal, annotatorId)) yield ordinal;
  }

  /** Open ones in the order they came: for what the policy cannot rank. */
  *sequential(annotatorId: number): Generator<number> {
    const { length } = this.#taskIds;
    while (this.#settledBefore < length && this.#isSettled(this.#settledBefore)) this.#settledBefore += 1;
    for (let ordinal = this.#settledBefore; ordinal < length; ordinal++) {
      if (!this.#isSettled(ordinal) && this.#hasRoom(ordinal, annotatorId)) yield ordinal;
    }
  }

  #isSettled(ordinal: number): boolean {
    return !this.#taskIds[ordinal] || this.#dealt.has(ordinal);
  }

  /** Those that others have skipped and nobody has answered, for this annotator. */
  *skipped(annotatorId: number): Generator<number> {
    for (const [ordinal, { answers }] of this.#dealt) {
      if (answers === 0 && this.#hasRoom(ordinal, annotatorId)) yield ordinal;
    }
  }

  /** A living task that this annotator neither dealt with nor holds, and that others leave a place in. */
  #hasRoom(ordinal: number, annotatorId: number | null): boolean {
    if (!this.#taskIds[ordinal]) return false;
    const dealt = this.#dealt.get(ordinal);
    if (annotatorId !== null && dealt?.by.includes(annotatorId)) return false;
    let places = dealt?.answers ?? 0;
    const now = this.#clock.now();
    for (const [holder, expiresAt] of this.#leases.get(ordinal) ?? NOBODY) {
      if (expiresAt <= now) continue;
      if (holder === annotatorId) return false;
      places += 1;
    }
    return places < this.#overlap;
  }

  lease(ordinal: number, annotatorId: number, expiresAt: number): void {
    const holders = this.#leases.get(ordinal);
    if (holders) holders.set(annotatorId, expiresAt);
    else this.#leases.set(ordinal, new Map([[annotatorId, expiresAt]]));
  }

  giveBack(ordinal: number, annotatorId: number): void {
    const holders = this.#leases.get(ordinal);
    holders?.delete(annotatorId);
    if (holders?.size === 0) this.#leases.delete(ordinal);
  }

  /** Ordinals under a lease that has not run out. */
  pending(): Uint32Array {
    const now = this.#clock.now();
    for (const [ordinal, holders] of this.#leases) {
      for (const [holder, expiresAt] of holders) if (expiresAt <= now) this.giveBack(ordinal, holder);
    }
    return Uint32Array.from(this.#leases.keys());
  }

  /** Does nobody else hold a task now? */
  isAlone(annotatorId: number): boolean {
    for (const holders of this.#leases.values()) {
      for (const holder of holders.keys()) if (holder !== annotatorId) return false;
    }
    return true;
  }

  /** Several people at work: the order is for all of them. */
  get isShared(): boolean {
    const [first] = this.#leases.values();
    const [holder] = first?.keys() ?? [];
    return holder !== undefined && !this.isAlone(holder);
  }

  /** Takes over the leases that only the roster before it knew. */
  succeed(old: Roster): void {
    for (const [ordinal, holders] of old.#leases) {
      for (const [holder, expiresAt] of holders) this.lease(ordinal, holder, expiresAt);
    }
  }
}
