/** Numbers, times and texts as people read them. */

const counts = new Intl.NumberFormat('en-US');

export function count(n: number): string {
  return counts.format(n);
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** 0..1 as a whole percentage that never claims certainty. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 99 && value < 100) return '>99 %';
  if (value < 1 && value > 0) return '<1 %';
  return `${Math.round(value)} %`;
}

export function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms / 1_000)} s`;
}

const UNITS: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

export function ago(iso: string, now: number): string {
  const past = now - Date.parse(iso);
  for (const [unit, ms] of UNITS) {
    if (past >= ms) return new Intl.RelativeTimeFormat('en-US').format(-Math.floor(past / ms), unit);
  }
  return 'just now';
}

/** The start of a text in one line, cut at a whole character. */
export function snippet(text: string, length: number): string {
  const line = text
    .slice(0, length * 4)
    .replace(/\s+/g, ' ')
    .trim();
  const characters = Array.from(line);
  return characters.length > length ? `${characters.slice(0, length).join('')}…` : line;
}
