/** Sounds made for tests, as WAV files. */
import wavefile from 'wavefile';

export type Depth = '8' | '16' | '24' | '32' | '32f' | '64';

export function wav(
  channels: readonly ArrayLike<number>[],
  { rate = 16_000, depth = '16' }: { rate?: number; depth?: Depth } = {},
): Uint8Array {
  const wave = new wavefile.WaveFile();
  const scale = depth === '32f' || depth === '64' ? 1 : 2 ** (Number(depth) - 1) - 1;
  const zero = depth === '8' ? 128 : 0;
  const raw = channels.map((channel) =>
    Float64Array.from(channel, (v) => (scale === 1 ? v : Math.round(v * scale) + zero)),
  );
  wave.fromScratch(channels.length, rate, depth, raw.length === 1 ? raw[0]! : raw);
  return wave.toBuffer();
}

/** A tone with a soft beginning and end. */
export function tone(hertz: number, seconds: number, { rate = 16_000, level = 0.5 } = {}): Float64Array {
  const count = Math.round(seconds * rate);
  return Float64Array.from({ length: count }, (_, i) => {
    const edge = Math.min(1, i / 400, (count - 1 - i) / 400);
    return level * edge * Math.sin((2 * Math.PI * hertz * i) / rate);
  });
}
