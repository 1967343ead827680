/** Byte ranges of HTTP (RFC 9110, 14): one range per request, which is all that players ask for. */

export interface Range {
  readonly start: number;
  /** Included. */
  readonly end: number;
}

/** The part that is asked for; null for all of it, `unsatisfiable` for a part that is not there. */
export function parseRange(header: string | undefined, size: number): Range | null | 'unsatisfiable' {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '');
  // Several ranges, other units, nonsense: the whole file is a valid answer to each.
  if (match === null || (match[1] === '' && match[2] === '')) return null;
  const [first, last] = [match[1]!, match[2]!];
  if (first === '')
    return Number(last) === 0 || size === 0
      ? 'unsatisfiable'
      : { start: Math.max(0, size - Number(last)), end: size - 1 };
  const start = Number(first);
  const end = last === '' ? size - 1 : Math.min(Number(last), size - 1);
  if (last !== '' && Number(last) < start) return null;
  return start < size ? { start, end } : 'unsatisfiable';
}
