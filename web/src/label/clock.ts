/** How long an item was really in view: hidden tabs and other windows do not count. */

export class VisibleClock {
  #spent = 0;
  #since: number | null = null;
  readonly #update = (): void => {
    if (document.visibilityState === 'visible') this.#since ??= performance.now();
    else this.#pause();
  };

  start(): void {
    document.addEventListener('visibilitychange', this.#update);
    this.#update();
  }

  stop(): void {
    document.removeEventListener('visibilitychange', this.#update);
    this.#pause();
  }

  /** A new item is on the screen. */
  restart(): void {
    this.#spent = 0;
    if (this.#since !== null) this.#since = performance.now();
  }

  /** Milliseconds the item has been in view. */
  read(): number {
    return Math.round(this.#spent + (this.#since === null ? 0 : performance.now() - this.#since));
  }

  #pause(): void {
    if (this.#since !== null) this.#spent += performance.now() - this.#since;
    this.#since = null;
  }
}
