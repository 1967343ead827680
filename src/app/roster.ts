/** Who is where: the task of each ordinal, how often it was answered, and who holds it now. */
import type { Clock } from '../core/clock.ts';

interface Lease {
  readonly annotatorId: number;
  readonly expiresAt: number;
}

const ORDINALS_MIN = 1_024;

export class Roster {
  readonly #clock: Clock;
  /** Answers wanted per task. */
  readonly #overlap: number;
  /** Task id per ordinal; 0 where there is no living task. */
  #taskIds = new Float64Array(ORDINALS_MIN);
  /** Answers (without skips) per ordinal that somebody has dealt with. */
  readonly #answers = new Map<number, number>();
  /** Ordinals with some of the answers the overlap asks for. */
  readonly #partly = new Set<number>();
  readonly #leases = new Map<number, Lease>();
  /** 1 where the task has a row that the policy can rank. */
  #ranked = new Uint8Array(ORDINALS_MIN);
  #rows = 0;

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
    this.setAnswers(ordinal, null);
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

  /** `null`: nobody has dealt with it; 0: only skips. */
  setAnswers(ordinal: number, count: number | null): void {
    if (count === null) this.#answers.delete(ordinal);
    else this.#answers.set(ordinal, count);
    if (count !== null && count < this.#overlap && this.#overlap > 1) this.#partly.add(ordinal);
    else this.#partly.delete(ordinal);
  }

  /** Task ids of those of `ordinals` that nobody has dealt with or (without overlap) holds, at most `limit`. */
  open(ordinals: Iterable<number>, limit: number): number[] {
    const ids: number[] = [];
    for (const ordinal of ordinals) {
      const id = this.#taskIds[ordinal];
      if (id && this.#isOpen(ordinal)) ids.push(id);
      if (ids.length === limit) break;
    }
    return ids;
  }

  #isOpen(ordinal: number): boolean {
    return !this.#answers.has(ordinal) && !(this.#overlap === 1 && this.#leases.has(ordinal));
  }

  /** Tasks with some of the answers the overlap asks for, a page at a time: not every one is free for everybody. */
  *partlyAnswered(pageLength: number): Generator<number[]> {
    const ordinals = [...this.#partly];
    for (let at = 0; at < ordinals.length; at += pageLength) {
      yield ordinals.slice(at, at + pageLength).flatMap((ordinal) => this.#taskIds[ordinal] || []);
    }
  }

  /** Open tasks in the order they came, a page at a time: for what the policy cannot rank. */
  *sequential(pageLength: number): Generator<number[]> {
    yield* pages(this.tasks(), pageLength, (ordinal) => this.#isOpen(ordinal));
  }

  /** Tasks that somebody has skipped and nobody has answered: still open for others. */
  *skipped(pageLength: number): Generator<number[]> {
    yield* pages(this.tasks(), pageLength, (ordinal) => this.#answers.get(ordinal) === 0);
  }

  lease(ordinal: number, annotatorId: number, expiresAt: number): void {
    this.#leases.set(ordinal, { annotatorId, expiresAt });
  }

  giveBack(ordinal: number): void {
    this.#leases.delete(ordinal);
  }

  /** Ordinals under a lease that has not run out. */
  pending(): Uint32Array {
    const now = this.#clock.now();
    for (const [ordinal, { expiresAt }] of this.#leases) if (expiresAt <= now) this.#leases.delete(ordinal);
    return Uint32Array.from(this.#leases.keys());
  }

  /** Does nobody else hold a task now? */
  isAlone(annotatorId: number): boolean {
    for (const lease of this.#leases.values()) if (lease.annotatorId !== annotatorId) return false;
    return true;
  }

  /** Several people at work: the order is for all of them. */
  get isShared(): boolean {
    const [first] = this.#leases.values();
    return first !== undefined && !this.isAlone(first.annotatorId);
  }

  /** Takes over the leases that only the roster before it knew. */
  succeed(old: Roster): void {
    for (const [ordinal, lease] of old.#leases) this.#leases.set(ordinal, lease);
  }
}

/** Task ids of the ordinals that are wanted, so many at a time. */
function* pages(
  tasks: Iterable<[number, number]>,
  length: number,
  wanted: (ordinal: number) => boolean,
): Generator<number[]> {
  let page: number[] = [];
  for (const [ordinal, id] of tasks) {
    if (wanted(ordinal)) page.push(id);
    if (page.length < length) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
