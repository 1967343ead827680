/** Where a text stops being JSON. Engines say it for some errors only, and each in its own words. */

/** Whitespace, then one token; the string is matched without its closing quote, so that a bad escape has a place. */
const TOKEN =
  /[ \t\n\r]*(?:([{}[\],:])|("(?:[ -!#-[\]-\uffff]+|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*)|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null))?/y;

type State = 'value' | 'first value' | 'key' | 'first key' | 'colon' | 'after';

/** Index of the first character that cannot stand where it stands; the length of the text when it ends too early. */
export function jsonErrorIndex(text: string): number {
  const open: ('{' | '[')[] = [];
  let state: State = 'value';
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const [whole, mark, string, scalar] = TOKEN.exec(text)!;
    const start = at + whole.length - (mark ?? string ?? scalar ?? '').length;
    at += whole.length;
    const next = step(state, open, mark ?? (string === undefined ? (scalar === undefined ? '' : 'scalar') : 'string'));
    if (next === undefined) return start;
    if (string !== undefined && text[at++] !== '"') return at - 1;
    state = next;
  }
}

/** The state after a token, or undefined when it may not come here. */
function step(state: State, open: ('{' | '[')[], token: string): State | undefined {
  const inside = open.at(-1);
  switch (state) {
    case 'colon':
      return token === ':' ? 'value' : undefined;
    case 'first key':
    case 'key':
      if (token === 'string') return 'colon';
      return token === '}' && state === 'first key' ? leave(open) : undefined;
    case 'after':
      if (token === ',' && inside !== undefined) return inside === '{' ? 'key' : 'value';
      return (token === '}' && inside === '{') || (token === ']' && inside === '[') ? leave(open) : undefined;
    default:
      if (token === 'string' || token === 'scalar') return 'after';
      if (token === ']' && state === 'first value') return leave(open);
      if (token !== '{' && token !== '[') return undefined;
      open.push(token);
      return token === '{' ? 'first key' : 'first value';
  }
}

function leave(open: ('{' | '[')[]): State {
  open.pop();
  return 'after';
}
