/** Long work as a generator that yields between its steps, so that whoever runs it can answer others meanwhile. */

/** What the work comes to, when nobody wants a turn in between. */
export function drained<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** The same work, telling the same share at each of its steps: a part of something longer that counts in larger pieces. */
export function* atShare<T>(steps: Generator<unknown, T>, share: number): Generator<number, T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    yield share;
  }
}

/** The work with a turn for others after each step. */
export async function inTurns<T>(steps: Generator<number, T>, turn: (share: number) => Promise<void>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
    await turn(value);
  }
}
