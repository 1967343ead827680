/** Reads protobuf messages field by field, without a schema and without trusting a single length. */
import { AppError } from '../core/errors.ts';

export interface Field {
  readonly number: number;
  /** A varint or fixed-width number as it stands, or the bytes of a length-delimited field (a view, not a copy). */
  readonly value: number | Uint8Array;
  /** The whole field, tag included: what a writer copies when it leaves the field alone. */
  readonly raw: Uint8Array;
}

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const TAG_MAX = 2 ** 32 - 1;
/** Of a 64-bit varint. */
const VARINT_BYTES_MAX = 10;

/** Throws BACKEND_LOAD when the bytes are no protobuf message. */
export function* readFields(bytes: Uint8Array): Generator<Field> {
  for (let at = 0; at < bytes.length; ) {
    const from = at;
    const tag = readVarint(bytes, at);
    // Other readers cut it to 32 bits, and would see another field there.
    if (tag.value > TAG_MAX) throw damaged();
    at = tag.end;
    const [number, wire] = [Math.floor(tag.value / 8), tag.value % 8];
    if (wire === VARINT) {
      const { value, end } = readVarint(bytes, at);
      at = end;
      yield { number, value, raw: bytes.subarray(from, at) };
    } else if (wire === FIXED64 || wire === FIXED32) {
      const end = at + (wire === FIXED64 ? 8 : 4);
      if (end > bytes.length) throw damaged();
      yield { number, value: bytes.subarray(at, end), raw: bytes.subarray(from, end) };
      at = end;
    } else if (wire === BYTES) {
      const length = readVarint(bytes, at);
      const end = length.end + length.value;
      if (end > bytes.length) throw damaged();
      yield { number, value: bytes.subarray(length.end, end), raw: bytes.subarray(from, end) };
      at = end;
    } else throw damaged();
  }
}

/** Bytes of a field, empty for a number. */
export function bytesIn(field: Field): Uint8Array {
  return typeof field.value === 'number' ? new Uint8Array(0) : field.value;
}

const UTF8 = new TextDecoder();

export function textIn(field: Field): string {
  return textOf(bytesIn(field));
}

export function textOf(bytes: Uint8Array): string {
  return UTF8.decode(bytes);
}

export function numberIn(field: Field): number {
  return typeof field.value === 'number' ? field.value : 0;
}

/** Negative numbers come out as large ones: nothing that is read here may be negative. */
function readVarint(bytes: Uint8Array, from: number): { value: number; end: number } {
  let value = 0;
  for (let i = 0; i < VARINT_BYTES_MAX; i++) {
    const byte = bytes[from + i];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, end: from + i + 1 };
  }
  throw damaged();
}

function damaged(): AppError {
  return new AppError('BACKEND_LOAD', 'The file is no ONNX model, or it is cut off.');
}
