/** Small files made by hand: honest ones, and ones that lie. */
import { crc32, deflateSync } from 'node:zlib';

/** A PNG whose header says this size; the pixels are missing unless it is 1 x 1. */
export function png(width: number, height: number, frames = 1): Buffer {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 2, 0, 0, 0], 8);
  const animation = Buffer.alloc(8);
  animation.writeUInt32BE(frames, 0);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', head),
    ...(frames === 1 ? [] : [chunk('acTL', animation)]),
    chunk('IDAT', deflateSync(Buffer.from([0, 255, 0, 0]))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(name: string, body: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const named = Buffer.concat([Buffer.from(name, 'latin1'), body]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(named) >>> 0);
  return Buffer.concat([length, named, check]);
}

/** A GIF of one-pixel frames. */
export function gif(frames: number, screen = 1): Buffer {
  const head = Buffer.alloc(13);
  head.write('GIF89a', 'latin1');
  head.writeUInt16LE(screen, 6);
  head.writeUInt16LE(screen, 8);
  const frame = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0]);
  return Buffer.concat([head, ...Array.from({ length: frames }, () => frame), Buffer.from([0x3b])]);
}

export interface WavOptions {
  readonly sampleRate?: number;
  readonly channels?: number;
  readonly bits?: number;
  readonly bytesPerSecond?: number;
  readonly blockBytes?: number;
  /** What the header says of the length of the sound; the truth by default. */
  readonly dataBytes?: number;
  readonly samples?: number;
}

export function wav(options: WavOptions = {}): Buffer {
  const { sampleRate = 8000, channels = 1, bits = 16, samples = 8000 } = options;
  const blockBytes = options.blockBytes ?? (channels * bits) / 8;
  const data = Buffer.alloc((samples * channels * bits) / 8);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(sampleRate, 24);
  head.writeUInt32LE(options.bytesPerSecond ?? sampleRate * blockBytes, 28);
  head.writeUInt16LE(blockBytes, 32);
  head.writeUInt16LE(bits, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(options.dataBytes ?? data.length, 40);
  return Buffer.concat([head, data]);
}

export const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>';
export const HTML = '<!doctype html><script>alert(1)</script>';

export async function* stream(bytes: Uint8Array | string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(bytes);
}

export async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const piece of bytes) chunks.push(piece);
  return Buffer.concat(chunks);
}
