/** A reason to leave a region out, in words for the person who sent it. */
export class Refusal extends Error {}

export function nameOf(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}
