/**
 * The blind random slice of a project: a share of its tasks, drawn by hashing, kept out of the policy's order and shown
 * without a suggestion now and then. Because neither draw depends on the data, what it measures is honest.
 */
import { hashUnit } from '../../core/random.ts';

export class BlindSlice {
  readonly #seed: number;
  readonly #share: number;
  #tasks: { readonly ordinal: number; readonly place: number }[] = [];
  #ordinals: Uint32Array | null = null;

  constructor(seed: number, share: number) {
    this.#seed = seed;
    this.#share = share;
  }

  has(taskId: number): boolean {
    return this.#share > 0 && this.#place(taskId) < this.#share;
  }

  /** Is this turn (a task handed to somebody) one for the slice? The same turn always gets the same answer. */
  takesTurn(turn: number): boolean {
    return this.#share > 0 && hashUnit(this.#seed, 'turn', turn) < this.#share;
  }

  add(ordinal: number, taskId: number): void {
    if (!this.has(taskId)) return;
    this.#tasks.push({ ordinal, place: this.#place(taskId) });
    this.#ordinals = null;
  }

  /** Its ordinals, in the random order in which they are handed out. */
  ordinals(): Uint32Array {
    if (this.#ordinals === null) {
      this.#tasks.sort((a, b) => a.place - b.place || a.ordinal - b.ordinal);
      this.#ordinals = Uint32Array.from(this.#tasks, (task) => task.ordinal);
    }
    return this.#ordinals;
  }

  /** Where the task stands in the random order of the project, 0..1; depends on nothing but seed and id. */
  #place(taskId: number): number {
    return hashUnit(this.#seed, 'blind', taskId);
  }
}
