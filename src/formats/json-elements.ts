/**
 * Cuts a stream of JSON into its rows: the elements of a top-level array, or values that follow one another. Only the
 * text is cut here, `parseJson` reads it. A token parser would build every value in JavaScript, many times slower than
 * V8's own, and could not name line and column.
 */
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { rowTooLong } from './text.ts';

export interface JsonElement {
  readonly text: string;
  /** 1-based place of its first character. */
  readonly line: number;
  readonly column: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const NEWLINE = 0x0a;

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
const opens = (code: number): boolean => code === 0x7b || code === 0x5b;
const closes = (code: number): boolean => code === 0x7d || code === 0x5d;
const CLOSE_ARRAY = 0x5d;

/** Where the cutter stands: before any row, between rows, inside one, behind the array. */
type Expect = 'start' | 'value' | 'separator' | 'inside' | 'end';

/** Throws INPUT_BAD_JSON with line and column where rows are not properly separated or the file ends too early. */
export async function* jsonElements(text: AsyncIterable<string>): AsyncGenerator<JsonElement> {
  const cutter = new JsonCutter();
  for await (const chunk of text) yield* cutter.push(chunk);
  yield* cutter.end();
}

class JsonCutter {
  #expect: Expect = 'start';
  #isArray = false;
  #afterComma = false;
  // Inside a row: what was read of it in earlier chunks, nesting, and whether a string or a bare word is open.
  #parts: string[] = [];
  #held = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #isWord = false;
  #place = { line: 1, column: 1 };
  #line = 1;
  /** Characters before the current line inside this chunk, negative when it began in an earlier one. */
  #lineStart = 0;

  *push(chunk: string): Generator<JsonElement> {
    let rowStart = 0;
    for (let i = 0; i < chunk.length; i++) {
      const code = chunk.charCodeAt(i);
      if (this.#expect === 'inside') {
        const end = this.#step(code, i);
        if (end < 0) continue;
        yield this.#take(chunk.slice(rowStart, end));
        // A bare word ends before this character, which is still to be looked at.
        if (end > i) continue;
      }
      if (code === NEWLINE) this.#newline(i);
      if (isSpace(code)) continue;
      if (this.#betweenRows(code, i)) rowStart = i;
    }
    if (this.#expect === 'inside') {
      this.#parts.push(chunk.slice(rowStart));
      this.#held += chunk.length - rowStart;
      if (this.#held > LIMITS.rowBytesMax) throw rowTooLong(this.#place.line);
    }
    this.#lineStart -= chunk.length;
  }

  *end(): Generator<JsonElement> {
    if (this.#expect === 'inside' && this.#isWord && !this.#isArray) yield this.#take('');
    if (this.#expect === 'inside') {
      const { line } = this.#place;
      throw badJson(`The file ends inside the row that starts in line ${line}`, this.#line, -this.#lineStart + 1);
    }
    if (this.#isArray && this.#expect !== 'end') {
      throw badJson('The file ends before the closing bracket of its list', this.#line, -this.#lineStart + 1);
    }
  }

  /** A character inside a row; the index behind the row when it ends, else -1. */
  #step(code: number, i: number): number {
    if (code === NEWLINE) {
      if (this.#isWord) return i;
      this.#newline(i);
    }
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (code === BACKSLASH) this.#escaped = true;
      else if (code === QUOTE) {
        this.#inString = false;
        if (this.#depth === 0) return i + 1;
      }
      return -1;
    }
    if (this.#isWord) return isSpace(code) || code === COMMA || code === CLOSE_ARRAY ? i : -1;
    if (code === QUOTE) this.#inString = true;
    else if (opens(code)) this.#depth += 1;
    else if (closes(code)) {
      this.#depth -= 1;
      if (this.#depth === 0) return i + 1;
    }
    return -1;
  }

  /** A character that is no white space outside of rows. True when a row begins with it. */
  #betweenRows(code: number, i: number): boolean {
    const column = i - this.#lineStart + 1;
    if (this.#expect === 'start') {
      this.#isArray = code === 0x5b;
      this.#expect = 'value';
      if (this.#isArray) return false;
    }
    if (this.#expect === 'end') throw badJson('There is text after the end of the list', this.#line, column);
    if (this.#expect === 'separator') {
      if (code !== COMMA && code !== CLOSE_ARRAY) throw badJson('A comma is missing between rows', this.#line, column);
      this.#afterComma = code === COMMA;
      this.#expect = code === COMMA ? 'value' : 'end';
      return false;
    }
    if (this.#isArray && code === CLOSE_ARRAY && !this.#afterComma) {
      this.#expect = 'end';
      return false;
    }
    if (code === COMMA || closes(code)) throw badJson('A row is missing', this.#line, column);
    this.#expect = 'inside';
    this.#place = { line: this.#line, column };
    this.#inString = code === QUOTE;
    this.#depth = opens(code) ? 1 : 0;
    this.#isWord = !this.#inString && this.#depth === 0;
    return true;
  }

  #take(rest: string): JsonElement {
    const text = this.#parts.length === 0 ? rest : this.#parts.join('') + rest;
    this.#parts = [];
    this.#held = 0;
    this.#isWord = false;
    this.#expect = this.#isArray ? 'separator' : 'value';
    return { text, ...this.#place };
  }

  #newline(i: number): void {
    this.#line += 1;
    this.#lineStart = i + 1;
  }
}

function badJson(what: string, line: number, column: number): AppError {
  return new AppError('INPUT_BAD_JSON', `${what} (line ${line}, column ${column}).`, { details: { line, column } });
}
