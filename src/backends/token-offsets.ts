/** Where each token lies in the text, found by walking both: tokenizers give pieces, annotations need UTF-16 offsets. */

/** Half-open range of UTF-16 units; null for special tokens and for pieces that were not found again. */
export type Offset = readonly [start: number, end: number] | null;

export interface TokenText {
  readonly tokens: readonly string[];
  /** Tokens that stand for nothing in the text, such as `[CLS]`. */
  readonly special: ReadonlySet<string>;
  /** The token for what the vocabulary lacks. */
  readonly unknown: string;
  /** Pieces spell UTF-8 bytes (GPT-2, RoBERTa) instead of characters. */
  readonly byteLevel: boolean;
}

/** One unit that can be compared: a folded character or a byte, and where it comes from. */
interface Unit {
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** How far a piece is looked for when it is not where it should be: normalisers drop and replace characters. */
const SEARCH_UNITS = 64;

export function tokenOffsets(text: string, { tokens, special, unknown, byteLevel }: TokenText): Offset[] {
  const units = byteLevel ? byteUnits(text) : characterUnits(text);
  const offsets: Offset[] = new Array(tokens.length).fill(null);
  let at = 0;
  let waiting: number[] = [];
  tokens.forEach((token, t) => {
    if (token === unknown) waiting.push(t);
    if (token === unknown || special.has(token)) return;
    const keys = byteLevel ? byteKeys(token) : characterKeys(token);
    const found = find(units, keys, at, waiting.length > 0 ? units.length : at + SEARCH_UNITS);
    if (keys.length === 0 || found < 0) return;
    spread(waiting, units.slice(at, found), offsets);
    waiting = [];
    at = found + keys.length;
    offsets[t] = [units[found]!.start, units[at - 1]!.end];
  });
  spread(waiting, units.slice(at), offsets);
  return offsets;
}

/** First place in `from..to` where all keys follow one another, or -1. */
function find(units: readonly Unit[], keys: readonly string[], from: number, to: number): number {
  for (let at = from; at <= Math.min(to, units.length - keys.length); at++) {
    if (keys.every((key, k) => units[at + k]!.key === key)) return at;
  }
  return -1;
}

/** Unknown tokens in a row share what lies between their neighbours, one word each; the last one takes the rest. */
function spread(tokens: readonly number[], units: readonly Unit[], offsets: Offset[]): void {
  if (tokens.length === 0 || units.length === 0) return;
  const starts = units.flatMap((unit, u) => (u === 0 || unit.start > units[u - 1]!.end ? [u] : []));
  tokens.slice(0, starts.length).forEach((token, i) => {
    const last = i === Math.min(tokens.length, starts.length) - 1;
    const end = last ? units.length : starts[i + 1]!;
    offsets[token] = [units[starts[i]!]!.start, units[end - 1]!.end];
  });
}

function characterUnits(text: string): Unit[] {
  const units: Unit[] = [];
  let start = 0;
  for (const character of text) {
    const end = start + character.length;
    for (const key of fold(character)) units.push({ key, start, end });
    start = end;
  }
  return units;
}

function characterKeys(token: string): string[] {
  return [...fold(token.length > 2 && token.startsWith('##') ? token.slice(2) : token)];
}

/** Case, accents, compatibility forms and white space away: what any normaliser may have changed. */
function fold(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\p{M}\s\u2581]/gu, '')
    .toLowerCase();
}

function byteUnits(text: string): Unit[] {
  const units: Unit[] = [];
  let start = 0;
  for (const character of text) {
    const end = start + character.length;
    const space = /\s/u.test(character);
    if (!space) for (const byte of Buffer.from(character, 'utf8')) units.push({ key: String(byte), start, end });
    start = end;
  }
  return units;
}

function byteKeys(token: string): string[] {
  const bytes = [...token].map((character) => BYTE_OF.get(character) ?? -1);
  return bytes.filter((byte) => byte > 0x20).map(String);
}

/** GPT-2 writes every byte as a printable character: printable Latin-1 as itself, the others from U+0100 on. */
const BYTE_OF: ReadonlyMap<string, number> = new Map(
  (() => {
    const printable = (byte: number): boolean =>
      (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || (byte >= 0xae && byte <= 0xff);
    let next = 0x100;
    return Array.from(
      { length: 256 },
      (_, byte) => [String.fromCharCode(printable(byte) ? byte : next++), byte] as const,
    );
  })(),
);
