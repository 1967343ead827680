/**
 * Label Studio's brush masks: the run-length code of `value.rle`, on typed arrays.
 *
 * A bit stream: 32 bits number of values, 5 bits word size - 1, four times 4 bits field size - 1, then blocks of one
 * run flag, 2 bits that choose a field, the length - 1 in that field, and one word (run) or as many words as the length
 * says. The values are RGBA bytes of the image row by row; the mask is the alpha channel.
 */
import { AppError } from '../core/errors.ts';
import type { Size } from '../core/geometry.ts';

/** Bits of the four length fields our encoder writes, the same as Label Studio's. */
const FIELD_BITS = [3, 4, 8, 16] as const;
const WORD_BITS = 8;
const CHANNELS = 4;
const ALPHA = 3;

/** Masks above this many pixels are refused before memory is taken for them. */
const PIXELS_MAX = 100_000_000;

/**
 * Decodes `value.rle` to a mask of `width * height` bytes, row by row, 0 outside. Throws INPUT_BAD_RESULT when the code
 * is damaged or of another size.
 */
export function decodeBrush(rle: ArrayLike<number>, { width, height }: Size): Uint8Array {
  const bits = new BitReader(rle);
  const count = bits.read(32);
  if (width * height > PIXELS_MAX) throw damaged(`the image has more than ${PIXELS_MAX} pixels`);
  if (count !== width * height * CHANNELS) {
    throw damaged(`it holds ${count} values, an image of ${width} x ${height} has ${width * height * CHANNELS}`);
  }
  const wordBits = bits.read(5) + 1;
  const fieldBits = [bits.read(4) + 1, bits.read(4) + 1, bits.read(4) + 1, bits.read(4) + 1];
  const mask = new Uint8Array(width * height);
  for (let at = 0; at < count; ) {
    if (bits.ended) throw damaged('it ends too early');
    const isRun = bits.read(1) === 1;
    const length = bits.read(fieldBits[bits.read(2)]!) + 1;
    const end = Math.min(count, at + length);
    if (isRun) {
      const value = bits.read(wordBits);
      // Pixels whose alpha byte lies in [at, end).
      if (value !== 0) mask.fill(value, Math.ceil((at - ALPHA) / CHANNELS), Math.ceil((end - ALPHA) / CHANNELS));
      at = end;
    } else {
      for (; at < end; at++) {
        const value = bits.read(wordBits);
        if (at % CHANNELS === ALPHA) mask[(at - ALPHA) / CHANNELS] = value;
      }
    }
  }
  return mask;
}

/** Encodes a mask row by row; all four channels carry its value, as in Label Studio's own converter. */
export function encodeBrush(mask: Uint8Array): Uint8Array {
  const bits = new BitWriter();
  bits.write(mask.length * CHANNELS, 32);
  bits.write(WORD_BITS - 1, 5);
  for (const size of FIELD_BITS) bits.write(size - 1, 4);
  for (let at = 0; at < mask.length; ) {
    const end = runEnd(mask, at);
    writeRun(bits, mask[at]!, (end - at) * CHANNELS);
    at = end;
  }
  return bits.finish();
}

const LONGEST = 2 ** FIELD_BITS[3];

function writeRun(bits: BitWriter, value: number, length: number): void {
  for (let left = length; left > 0; ) {
    const part = Math.min(left, LONGEST);
    const field = part <= 8 ? 0 : part <= 16 ? 1 : part <= 256 ? 2 : 3;
    bits.write(4 + field, 3);
    bits.write(part - 1, FIELD_BITS[field]);
    bits.write(value, WORD_BITS);
    left -= part;
  }
}

/** The first index behind `start` that holds another value; four pixels at a time where they lie together. */
function runEnd(mask: Uint8Array, start: number): number {
  const value = mask[start]!;
  let at = start + 1;
  while (at < mask.length && (mask.byteOffset + at) % 4 !== 0 && mask[at] === value) at += 1;
  if ((mask.byteOffset + at) % 4 === 0) {
    const words = new Uint32Array(mask.buffer, mask.byteOffset + at, (mask.length - at) >> 2);
    const wanted = Math.imul(value, 0x01010101) >>> 0;
    let word = 0;
    while (word < words.length && words[word] === wanted) word += 1;
    at += word * 4;
  }
  while (at < mask.length && mask[at] === value) at += 1;
  return at;
}

/** What four bytes hold wherever the first bit lies in the first of them. */
const FAST_BITS = 25;

/** Reads zeros behind the end; `ended` tells. */
class BitReader {
  readonly #bytes: ArrayLike<number>;
  #at = 0;

  constructor(bytes: ArrayLike<number>) {
    this.#bytes = bytes;
  }

  get ended(): boolean {
    return this.#at >= this.#bytes.length * 8;
  }

  /** 1 to 32 bits, highest first. */
  read(count: number): number {
    if (count > FAST_BITS) return this.read(count - 16) * 65536 + this.read(16);
    const bytes = this.#bytes;
    const first = this.#at >> 3;
    // Behind the end nothing is read, and nothing counts as 0 here; numbers that are no bytes are cut down to one.
    const word =
      (bytes[first]! << 24) |
      ((bytes[first + 1]! & 255) << 16) |
      ((bytes[first + 2]! & 255) << 8) |
      (bytes[first + 3]! & 255);
    const value = (word << (this.#at & 7)) >>> (32 - count);
    this.#at += count;
    return value;
  }
}

class BitWriter {
  #bytes = new Uint8Array(1024);
  #at = 0;

  write(value: number, count: number): void {
    if ((this.#at + count) >> 3 >= this.#bytes.length) {
      const grown = new Uint8Array(this.#bytes.length * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    for (let left = count; left > 0; ) {
      const offset = this.#at & 7;
      const take = Math.min(left, 8 - offset);
      const bits = Math.floor(value / 2 ** (left - take)) & ((1 << take) - 1);
      this.#bytes[this.#at >> 3]! |= bits << (8 - offset - take);
      this.#at += take;
      left -= take;
    }
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, (this.#at + 7) >> 3);
  }
}

function damaged(reason: string): AppError {
  return new AppError('INPUT_BAD_RESULT', `The brush mask cannot be decoded: ${reason}.`, { details: { reason } });
}
