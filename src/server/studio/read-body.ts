/**
 * Bodies of Label Studio, which may hold thousands of tasks with all their annotations. Small ones are parsed at once;
 * of large ones the elements of `tasks` are parsed one by one with turns for everybody else in between.
 */
import { isUtf8 } from 'node:buffer';
import { AppError } from '../../core/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../../core/json.ts';

/** Parsing this much takes some milliseconds. */
const AT_ONCE_BYTES = 1_000_000;
const HOLD_MS = 8;

/** The body as an object; anything else, and nothing, is an empty one. Throws INPUT_BAD_JSON, INPUT_BAD_ENCODING. */
export async function readBody(body: Buffer): Promise<JsonObject> {
  if (body.length === 0) return {};
  if (!isUtf8(body)) throw new AppError('INPUT_BAD_ENCODING', 'The body is not UTF-8.');
  const value = (body.length > AT_ONCE_BYTES && (await readInPieces(body))) || readAtOnce(body);
  return isJsonObject(value) ? value : {};
}

/**
 * As `parseJson`, but how deep the values are nested is left to whoever walks over them: of most tasks only the data are
 * looked at, and walking over everything takes longer than parsing it.
 */
function readAtOnce(body: Buffer): Json {
  const text = body.toString('utf8');
  // The end of the name, because bodies are full of underscores, at each of which the search for the whole would stop.
  if (body.includes('proto__')) return parseJson(text);
  try {
    return JSON.parse(text) as Json;
  } catch {
    return parseJson(text);
  }
}

/** Undefined for what this cannot take apart: the ordinary parser then says what is wrong. */
export async function readInPieces(body: Buffer): Promise<JsonObject | undefined> {
  const cutter = new Cutter(body);
  if (!cutter.enter(OPEN_OBJECT)) return undefined;
  const found: Record<string, Json> = {};
  while (!cutter.leave(CLOSE_OBJECT)) {
    const key = cutter.key();
    if (key === undefined) return undefined;
    const value = key === LARGE ? await readList(cutter) : cutter.value();
    if (value === undefined) return undefined;
    if (key !== '__proto__') found[key] = value;
    if (!cutter.separator(CLOSE_OBJECT)) return undefined;
  }
  return cutter.atEnd() ? found : undefined;
}

/** The field that holds many things. */
const LARGE = 'tasks';

async function readList(cutter: Cutter): Promise<Json | undefined> {
  if (!cutter.enter(OPEN_ARRAY)) return cutter.value();
  const list: Json[] = [];
  let since = performance.now();
  while (!cutter.leave(CLOSE_ARRAY)) {
    const value = cutter.value();
    if (value === undefined) return undefined;
    list.push(value);
    if (!cutter.separator(CLOSE_ARRAY)) return undefined;
    if (performance.now() - since < HOLD_MS) continue;
    await new Promise((resolve) => setImmediate(resolve));
    since = performance.now();
  }
  return list;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

const isSpace = (code: number | undefined): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/** Walks over JSON without building it; what it cannot read ends the walk. */
class Cutter {
  readonly #body: Buffer;
  #at = 0;

  constructor(body: Buffer) {
    this.#body = body;
  }

  /** Steps over this bracket if it is next. */
  enter(bracket: number): boolean {
    this.#skipSpace();
    if (this.#body[this.#at] !== bracket) return false;
    this.#at += 1;
    return true;
  }

  leave(bracket: number): boolean {
    return this.enter(bracket);
  }

  /** A comma that something follows, or nothing before the closing bracket. */
  separator(close: number): boolean {
    this.#skipSpace();
    if (this.#body[this.#at] === close) return true;
    if (this.#body[this.#at] !== COMMA) return false;
    this.#at += 1;
    this.#skipSpace();
    return this.#body[this.#at] !== close;
  }

  key(): string | undefined {
    const key = this.value();
    this.#skipSpace();
    if (typeof key !== 'string' || this.#body[this.#at] !== COLON) return undefined;
    this.#at += 1;
    return key;
  }

  /** The next value, parsed on its own. */
  value(): Json | undefined {
    this.#skipSpace();
    const start = this.#at;
    if (!this.#skipValue()) return undefined;
    try {
      return parseJson(this.#body.toString('utf8', start, this.#at));
    } catch {
      return undefined;
    }
  }

  atEnd(): boolean {
    this.#skipSpace();
    return this.#at === this.#body.length;
  }

  #skipSpace(): void {
    while (isSpace(this.#body[this.#at])) this.#at += 1;
  }

  #skipValue(): boolean {
    let depth = 0;
    for (; this.#at < this.#body.length; this.#at++) {
      const code = this.#body[this.#at]!;
      if (code === QUOTE) {
        if (!this.#skipString()) return false;
        if (depth === 0) return true;
        this.#at -= 1;
      } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) depth += 1;
      else if (code === CLOSE_OBJECT || code === CLOSE_ARRAY) {
        // The end of what a bare word stands in.
        if (depth === 0) return true;
        depth -= 1;
        if (depth > 0) continue;
        this.#at += 1;
        return true;
      } else if (depth === 0 && (code === COMMA || isSpace(code))) return true;
    }
    return depth === 0;
  }

  /** From the opening quote to behind the closing one. */
  #skipString(): boolean {
    for (let from = this.#at + 1; ; ) {
      const end = this.#body.indexOf(QUOTE, from);
      if (end < 0) return false;
      let escapes = 0;
      while (this.#body[end - 1 - escapes] === BACKSLASH) escapes += 1;
      from = end + 1;
      if (escapes % 2 === 1) continue;
      this.#at = from;
      return true;
    }
  }
}
