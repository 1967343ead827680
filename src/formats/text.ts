/** Bytes to text and lines, refusing what is not UTF-8 and saying where. */
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Bytes } from './format.ts';

const BYTE_ORDER_MARKS: readonly [string, readonly number[]][] = [
  ['UTF-32', [0xff, 0xfe, 0, 0]],
  ['UTF-16', [0xff, 0xfe]],
  ['UTF-16', [0xfe, 0xff]],
];

/**
 * Decodes UTF-8, without its byte order mark. Throws INPUT_BAD_ENCODING with byte offset and line for invalid bytes,
 * other encodings and NUL, and INPUT_EMPTY when there is nothing but white space.
 */
export async function* decodeText(bytes: Bytes): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let offset = 0;
  let line = 1;
  let blank = true;
  // The bytes of a character that the last chunk ended in: they must be at hand to name the place of a fault.
  let tail: Uint8Array = new Uint8Array(0);
  for await (const chunk of bytes) {
    if (offset === 0) refuseForeignMark(chunk);
    refuseNul(chunk, offset, line);
    let text: string;
    try {
      text = decoder.decode(chunk, { stream: true });
    } catch {
      throw badByte(Buffer.concat([tail, chunk]), offset - tail.length, line);
    }
    offset += chunk.length;
    const end = chunk.length >= 3 ? chunk : Buffer.concat([tail, chunk]);
    tail = end.subarray(end.length - unfinished(end));
    line += newlines(text);
    blank &&= text.trim() === '';
    if (text !== '') yield text;
  }
  try {
    decoder.decode();
  } catch {
    throw encodingError('the file ends in the middle of a character', offset, line);
  }
  if (blank) throw new AppError('INPUT_EMPTY', 'The file is empty.');
}

function refuseForeignMark(chunk: Uint8Array): void {
  const mark = BYTE_ORDER_MARKS.find(([, bytes]) => bytes.every((byte, i) => chunk[i] === byte));
  if (mark !== undefined) throw encodingError(`the file starts with the mark of ${mark[0]}`, 0, 1);
}

function refuseNul(chunk: Uint8Array, offset: number, line: number): void {
  const at = chunk.indexOf(0);
  if (at < 0) return;
  const message = 'a NUL byte, as in binary files and UTF-16';
  throw encodingError(message, offset + at, line + countByte(chunk, 0x0a, at));
}

/** The place of the first byte of `bytes` that no UTF-8 text has there. */
function badByte(bytes: Uint8Array, offset: number, line: number): AppError {
  let good = 0;
  let bad = bytes.length;
  // A prefix is fine if it decodes up to an unfinished last character; that is monotonous, so halving finds the end.
  while (good < bad) {
    const middle = Math.ceil((good + bad) / 2);
    if (decodes(bytes.subarray(0, middle))) good = middle;
    else bad = middle - 1;
  }
  // The byte that started a character which did not come is the culprit, not its innocent successor.
  good -= unfinished(bytes.subarray(0, good));
  const value = bytes[good]?.toString(16).toUpperCase().padStart(2, '0');
  return encodingError(`byte 0x${value} is not UTF-8 there`, offset + good, line + countByte(bytes, 0x0a, good));
}

function decodes(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** Bytes at the end that begin a character without finishing it: 0..3. */
function unfinished(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte >= 0x80 && byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? back : 0;
  }
  return 0;
}

function encodingError(what: string, byte: number, line: number): AppError {
  const message = `The file is not UTF-8: ${what} (byte ${byte}, line ${line}). Save it as UTF-8.`;
  return new AppError('INPUT_BAD_ENCODING', message, { details: { byte, line } });
}

function newlines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

function countByte(bytes: Uint8Array, byte: number, end: number): number {
  let count = 0;
  for (let i = 0; i < end; i++) if (bytes[i] === byte) count += 1;
  return count;
}

export interface Line {
  /** 1-based. */
  readonly line: number;
  /** Without the line break, `\n` or `\r\n`. */
  readonly text: string;
}

/** Lines, blank ones included. Throws LIMIT_SIZE for a line longer than a row may be. */
export async function* linesOf(text: AsyncIterable<string>): AsyncGenerator<Line> {
  let line = 1;
  let parts: string[] = [];
  let held = 0;
  for await (const chunk of text) {
    let start = 0;
    for (let end = chunk.indexOf('\n'); end >= 0; end = chunk.indexOf('\n', start)) {
      parts.push(chunk.slice(start, end));
      yield { line, text: parts.join('').replace(/\r$/, '') };
      parts = [];
      held = 0;
      line += 1;
      start = end + 1;
    }
    const rest = chunk.slice(start);
    held += rest.length;
    if (held > LIMITS.rowBytesMax) throw rowTooLong(line);
    if (rest !== '') parts.push(rest);
  }
  if (parts.length > 0) yield { line, text: parts.join('').replace(/\r$/, '') };
}

export function rowTooLong(line: number): AppError {
  const message = `The row that starts in line ${line} is longer than ${LIMITS.rowBytesMax} characters.`;
  return new AppError('LIMIT_SIZE', message, { details: { line, charactersMax: LIMITS.rowBytesMax } });
}
