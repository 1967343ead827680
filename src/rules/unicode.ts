/** What a word is and which characters are equal: tables over UTF-16 units, so that offsets never move. */

/** Class of a unit; anything but OTHER belongs to a word. */
export const OTHER = 0;
export const WORD = 1;
/** A character of a script written without spaces: a word of its own, so "免费" is found inside a longer run. */
export const SOLO = 2;
/** A combining accent: part of the word, dropped by the diacritic fold. */
export const MARK = 3;
/** A surrogate: look at the code point. */
export const SURROGATE = 4;

const UNITS = 0x10000;
const WORD_PATTERN = /[\p{L}\p{M}\p{N}_]/u;
const SOLO_PATTERN =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** Accents only, as [first, last, ...]: vowel signs of Indic scripts carry meaning and stay. */
const ACCENTS: readonly number[] = [
  0x300, 0x36f, 0x591, 0x5c7, 0x610, 0x61a, 0x64b, 0x65f, 0x670, 0x670, 0x1ab0, 0x1aff, 0x1dc0, 0x1dff, 0x20d0, 0x20ff,
  0xfe20, 0xfe2f,
];

/** Class of each unit. */
export const UNIT_CLASS: Uint8Array = new Uint8Array(UNITS);
/** Simple case folding, one unit to one unit: "ß" stays, "ς" becomes "σ". */
export const FOLD_CASE: Uint16Array = new Uint16Array(UNITS);
/** Case folding of the base letter: "É" becomes "e", "й" becomes "и". Accents themselves map to 0: skip. */
export const FOLD_ALL: Uint16Array = new Uint16Array(UNITS);
/** 1 where JavaScript's `\s` matches. */
export const IS_SPACE: Uint8Array = new Uint8Array(UNITS);

fillTables();

function fillTables(): void {
  for (let unit = 0; unit < UNITS; unit++) {
    if (unit >= 0xd800 && unit <= 0xdfff) {
      UNIT_CLASS[unit] = SURROGATE;
      FOLD_CASE[unit] = FOLD_ALL[unit] = unit;
      continue;
    }
    const char = String.fromCharCode(unit);
    UNIT_CLASS[unit] = classOf(char);
    FOLD_CASE[unit] = foldCase(char);
    FOLD_ALL[unit] = UNIT_CLASS[unit] === MARK ? 0 : foldCase(baseLetter(char));
    IS_SPACE[unit] = /\s/.test(char) ? 1 : 0;
  }
  // 0 means "skip", so NUL itself goes to a noncharacter.
  FOLD_ALL[0] = 0xfdd1;
}

function classOf(char: string): number {
  if (isAccent(char.charCodeAt(0))) return WORD_PATTERN.test(char) ? MARK : OTHER;
  if (!WORD_PATTERN.test(char)) return OTHER;
  return SOLO_PATTERN.test(char) ? SOLO : WORD;
}

function isAccent(unit: number): boolean {
  for (let i = 0; i < ACCENTS.length; i += 2) if (unit >= ACCENTS[i]! && unit <= ACCENTS[i + 1]!) return true;
  return false;
}

function foldCase(char: string): number {
  // Dotless i upper-cases to I, but Unicode's simple folding keeps the two apart.
  if (char === '\u0131') return 0x131;
  const upper = char.toUpperCase();
  const lower = (upper.length === 1 ? upper : char).toLowerCase();
  return (lower.length === 1 ? lower : char).charCodeAt(0);
}

function baseLetter(char: string): string {
  const parts = char.normalize('NFD');
  if (parts.length === 1) return char;
  for (let i = 1; i < parts.length; i++) if (!isAccent(parts.charCodeAt(i))) return char;
  return parts[0]!;
}

/** Class of the code point whose high surrogate stands at `at`; lone surrogates are OTHER. */
export function pairClass(text: string, at: number): number {
  const point = text.codePointAt(at)!;
  if (point < UNITS) return OTHER;
  const char = String.fromCodePoint(point);
  if (!WORD_PATTERN.test(char)) return OTHER;
  return SOLO_PATTERN.test(char) ? SOLO : WORD;
}

/** Does a word that is written together with its neighbours end just before `at`? */
export function joinsBefore(text: string, at: number): boolean {
  if (at === 0) return false;
  const kind = UNIT_CLASS[text.charCodeAt(at - 1)]!;
  if (kind !== SURROGATE) return kind === WORD || kind === MARK;
  return at >= 2 && pairClass(text, at - 2) === WORD;
}

/** Does one start at `at`? */
export function joinsAt(text: string, at: number): boolean {
  if (at >= text.length) return false;
  const kind = UNIT_CLASS[text.charCodeAt(at)]!;
  if (kind !== SURROGATE) return kind === WORD || kind === MARK;
  return pairClass(text, at) === WORD;
}
