/** The one map of hotkeys: what each key does on the label page, and how `?` tells it. */

export type Action =
  | 'accept'
  | 'reject'
  | 'skip'
  | 'undo'
  | 'flag'
  | 'search'
  | 'help'
  | 'rule'
  | 'whole'
  | 'flips'
  | 'rollback'
  | 'leave'
  | 'next'
  | 'previous'
  | { readonly digit: number };

interface Binding {
  readonly action: Exclude<Action, { readonly digit: number }>;
  readonly keys: readonly string[];
  readonly does: string;
}

export const BINDINGS: readonly Binding[] = [
  { action: 'accept', keys: ['Enter', 'a'], does: 'Accept the suggestion (or save the labels you ticked)' },
  { action: 'reject', keys: ['x'], does: 'The suggestion is wrong: the other label of two, else choose another' },
  { action: 'skip', keys: [' '], does: 'Skip this item' },
  { action: 'undo', keys: ['Backspace'], does: 'Take the last answer back' },
  { action: 'flag', keys: ['f'], does: 'Flag with a note' },
  { action: 'search', keys: ['/'], does: 'Search the labels' },
  { action: 'whole', keys: ['w'], does: 'Show the whole text, or only the telling parts' },
  { action: 'flips', keys: ['v'], does: 'After a retrain: look at what flipped' },
  { action: 'rollback', keys: ['R'], does: 'After a retrain: go back to the version before' },
  { action: 'leave', keys: ['Escape'], does: 'Close what is open' },
  { action: 'next', keys: ['ArrowRight'], does: 'Where several things are asked: the next question' },
  { action: 'previous', keys: ['ArrowLeft'], does: 'The question before' },
  { action: 'rule', keys: ['m'], does: 'Make a rule of the words you selected, or of your last answer' },
  { action: 'help', keys: ['?'], does: 'Show the keys' },
];

/** How far a key scrolls the text, in its own heights; these may be held down. */
export const SCROLLS: Readonly<Record<string, number>> = {
  ArrowDown: 0.15,
  ArrowUp: -0.15,
  PageDown: 0.9,
  PageUp: -0.9,
};

/** A key event as far as it matters here. */
export interface Press {
  readonly key: string;
  /** Physical key: digits sit under shift on some layouts. */
  readonly code: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  readonly repeat: boolean;
}

/** What the press means; null for nothing. A held key answers once. */
export function actionOf(press: Press): Action | null {
  if (press.ctrlKey || press.metaKey || press.altKey || press.repeat) return null;
  const bound = BINDINGS.find((one) => one.keys.includes(press.key));
  if (bound !== undefined) return bound.action;
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(press.code)?.[1] ?? (/^\d$/.test(press.key) ? press.key : undefined);
  return digit === undefined || press.shiftKey ? null : { digit: Number(digit) };
}

/** Names of keys as printed on the page. */
export function keyName(key: string): string {
  if (key === ' ') return 'space';
  if (key === 'R') return 'shift r';
  if (key === 'Escape') return 'esc';
  if (key === 'ArrowRight') return '→';
  if (key === 'ArrowLeft') return '←';
  return key.toLowerCase();
}

/** The digit that stands for the nth label: 1, 2 ... 9, 0. */
export function digitOf(index: number): string {
  return index < 10 ? String((index + 1) % 10) : '';
}

/** Back from the digit pressed to the index of its label. */
export function indexOf(digit: number): number {
  return (digit + 9) % 10;
}
