/** Time as a parameter, so that tests can stop and move it. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
}

export const systemClock: Clock = { now: () => Date.now() };

/** ISO 8601 in UTC, the form in which times are stored and sent. */
export function isoTime(clock: Clock): string {
  return new Date(clock.now()).toISOString();
}
