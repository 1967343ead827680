/** The one map of hotkeys: what each key does on the label page. How `?` tells it stands in `label/help.tsx`. */

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

/** What a key does that is no digit. */
export type Act = Exclude<Action, { readonly digit: number }>;

interface Binding {
  readonly action: Act;
  readonly keys: readonly string[];
}

export const BINDINGS: readonly Binding[] = [
  { action: 'accept', keys: ['Enter', 'a'] },
  { action: 'reject', keys: ['x'] },
  { action: 'skip', keys: [' '] },
  { action: 'undo', keys: ['Backspace'] },
  { action: 'flag', keys: ['f'] },
  { action: 'search', keys: ['/'] },
  { action: 'whole', keys: ['w'] },
  { action: 'flips', keys: ['v'] },
  { action: 'rollback', keys: ['R'] },
  { action: 'leave', keys: ['Escape'] },
  { action: 'next', keys: ['ArrowRight'] },
  { action: 'previous', keys: ['ArrowLeft'] },
  { action: 'rule', keys: ['m'] },
  { action: 'help', keys: ['?'] },
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

/** The digit that stands for the nth label: 1, 2 ... 9, 0. */
export function digitOf(index: number): string {
  return index < 10 ? String((index + 1) % 10) : '';
}

/** Back from the digit pressed to the index of its label. */
export function indexOf(digit: number): number {
  return (digit + 9) % 10;
}
