/** Completion of rule documents by their schema: keys where a key may stand, words where only some words fit. */
import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete';
import { ensureSyntaxTree, syntaxTree } from '@codemirror/language';
import type { EditorState } from '@codemirror/state';

/** A part of a JSON Schema, as far as completion looks at it. */
export interface Schema {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly (string | number)[];
  readonly type?: string | readonly string[];
  readonly $ref?: string;
  readonly definitions?: Readonly<Record<string, Schema>>;
}

/** Letters of a key or of a plain word; a label may hold more, and is completed from its first letters. */
const WORD = /[\p{L}\p{N}_.-]*$/u;

export function completerFor(root: Schema): (context: CompletionContext) => CompletionResult | null {
  return (context) => {
    const typed = context.matchBefore(WORD);
    const from = typed?.from ?? context.pos;
    const place = placeOf(context.state, from);
    if (place === null) return null;
    const { path, value } = place;
    const asked = path.reduce<readonly Schema[]>((at, key) => at.flatMap((one) => step(root, one, key)), [root]);
    const all = asked.flatMap((one) => variants(root, one));
    const options = distinct(value ? words(all) : keys(all));
    if (options.length === 0 || (!context.explicit && !value && from === context.pos)) return null;
    return { from, options, validFor: /^[\p{L}\p{N}_.-]*$/u };
  };
}

/** The keys above this place, and whether a value stands there; null in the middle of a text. */
function placeOf(state: EditorState, pos: number): { path: readonly string[]; value: boolean } | null {
  const line = state.doc.lineAt(pos);
  const before = state.sliceDoc(line.from, pos);
  const flow = before.lastIndexOf('{') > before.lastIndexOf('}');
  const above = (at: number): readonly string[] => (flow ? keysInTree(state, at) : keysByIndent(state, at));
  // After `key: `, or in a list behind it.
  const own = /(?:^|[\s{,])(\w+):\s+(?:\[(?:[^\]]*,)?\s*|["']?)$/.exec(before)?.[1];
  if (own !== undefined) return { path: endingIn(above(pos - 1), own), value: true };
  if (/^\s*(?:-\s+)*$/.test(before) || (flow && /[{,]\s*$/.test(before))) {
    const path = above(pos);
    return { path, value: /-\s+$/.test(before) && isListOfWords(path) };
  }
  return null;
}

/** `- ` begins a mapping under keys like `rules` and `all`, and a word under the others. */
function isListOfWords(path: readonly string[]): boolean {
  return ['labels', 'veto', 'in', 'keywords', 'phrases', 'words'].includes(path.at(-1) ?? '');
}

function endingIn(path: readonly string[], key: string): readonly string[] {
  return path.at(-1) === key ? path : [...path, key];
}

/** In `{...}`, where lines say nothing of depth. */
function keysInTree(state: EditorState, pos: number): readonly string[] {
  const path: string[] = [];
  for (let node = innermost(state, pos); node !== null; node = node.parent) {
    if (node.name !== 'Pair') continue;
    const key = node.getChild('Key');
    if (key && key.to < pos) path.unshift(state.sliceDoc(key.from, key.to));
  }
  return path;
}

/** A document is read this far in a few milliseconds; a huge one is completed by what is read already. */
const PARSE_MS = 500;

type Node = ReturnType<typeof syntaxTree>['topNode'];

function innermost(state: EditorState, pos: number): Node | null {
  const tree = ensureSyntaxTree(state, pos, PARSE_MS) ?? syntaxTree(state);
  return tree.resolveInner(pos, -1);
}

/** Elsewhere, where a line being typed is no tree yet. */
function keysByIndent(state: EditorState, pos: number): readonly string[] {
  const path: string[] = [];
  const here = state.doc.lineAt(pos);
  let indent = indentOf(here.text.slice(0, pos - here.from));
  for (let n = here.number - 1; n >= 1 && indent > 0; n--) {
    const { text } = state.doc.line(n);
    if (text.trim() === '' || text.trim().startsWith('#')) continue;
    const dash = /^(\s*)((?:-\s+)*)(\w+):\s*$/.exec(text);
    const own = indentOf(text);
    if (dash && own < indent) {
      path.unshift(dash[3]!);
      indent = dash[1]!.length === own ? own : dash[1]!.length + 1;
    } else if (own < indent) indent = own;
  }
  return path;
}

/** Where the words of a line begin, behind its dashes. */
function indentOf(text: string): number {
  return /^\s*(?:-\s+)*/.exec(text)![0].length;
}

function step(root: Schema, schema: Schema, key: string): Schema[] {
  return variants(root, schema).flatMap((one) => {
    const next = one.properties?.[key];
    return next === undefined ? [] : [next];
  });
}

/** The schema itself, what it refers to, what it may be instead, and the items of lists. */
function variants(root: Schema, schema: Schema): Schema[] {
  const name = schema.$ref?.split('/').at(-1);
  const target = name === undefined ? schema : (root.definitions?.[name] ?? {});
  const inner = [...(target.anyOf ?? []), ...(target.items ? [target.items] : [])];
  return [target, ...inner.flatMap((one) => variants(root, one))];
}

function distinct(options: readonly Completion[]): Completion[] {
  return [...new Map(options.map((one) => [one.label, one])).values()];
}

function keys(schemas: readonly Schema[]): Completion[] {
  return schemas.flatMap(({ properties }) =>
    Object.entries(properties ?? {}).map(([label, { description = '' }]) => ({
      label,
      apply: `${label}: `,
      detail: description,
      type: 'property',
    })),
  );
}

function words(schemas: readonly Schema[]): Completion[] {
  return schemas.flatMap(({ enum: known = [], type }) => {
    const flags = type === 'boolean' ? ['true', 'false'] : [];
    return [...known.map(String), ...flags].map((label) => ({ label, apply: quoted(label), type: 'enum' }));
  });
}

function quoted(word: string): string {
  return /^[\p{L}_][\p{L}\p{N}_. -]*$/u.test(word) || /^\d+$/.test(word) || /^(true|false)$/.test(word)
    ? word
    : JSON.stringify(word);
}
