/** Pictures inside a host: decoded, turned upright and brought to the size that a model wants. */
import sharp, { type Metadata, type Sharp } from 'sharp';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';

/** One batch at a time decodes ahead of its model: more threads than that would only take cores from other hosts. */
sharp.concurrency(1);
sharp.cache(false);

export interface ImageSize {
  readonly width: number;
  readonly height: number;
}

/**
 * How a picture meets the model's frame. `cover` fills it and cuts what sticks out, `letterbox` shows all of it at the
 * top left on a grey ground, `fill` stretches it.
 */
export interface FrameOptions extends ImageSize {
  readonly fit: 'cover' | 'letterbox' | 'fill';
}

export interface Frame {
  /** (height x width x 3) 8-bit RGB. */
  readonly pixels: Uint8Array;
  /** Of the upright picture. */
  readonly source: ImageSize;
  /** Frame pixels per picture pixel. */
  readonly scale: Place;
  /** Frame pixels that `cover` cut off on the left and above. */
  readonly cut: Place;
}

export interface Place {
  readonly x: number;
  readonly y: number;
}

const LETTERBOX_GREY = 114;

/** Pixels that are decoded at the same time, save one picture alone; turning a picture upright takes all of its pixels. */
const PIXELS_AT_ONCE = 32_000_000;

/** Lets decoders in as long as their pictures fit together: memory would otherwise be as many times the largest. */
class PixelRoom {
  private taken = 0;
  private readonly waiting: { readonly pixels: number; readonly enter: () => void }[] = [];

  async with<T>(pixels: number, work: () => Promise<T>): Promise<T> {
    await new Promise<void>((enter) => {
      this.waiting.push({ pixels, enter });
      this.admit();
    });
    try {
      return await work();
    } finally {
      this.taken -= pixels;
      this.admit();
    }
  }

  private admit(): void {
    for (let next = this.waiting[0]; next; next = this.waiting[0]) {
      if (this.taken > 0 && this.taken + next.pixels > PIXELS_AT_ONCE) return;
      this.waiting.shift();
      this.taken += next.pixels;
      next.enter();
    }
  }
}

const room = new PixelRoom();

/** Throws BACKEND_BAD_ITEM when the bytes are no picture that can be read, or one of more pixels than the limit. */
export function decodeFrame(bytes: Uint8Array, options: FrameOptions): Promise<Frame> {
  return withPicture(bytes, (upright, source) => frameOf(upright, source, options));
}

/** The whole upright picture, brought down so that its longer side is at most `sideMax` pixels. Throws as above. */
export function decodePicture(
  bytes: Uint8Array,
  sideMax: number,
): Promise<{ pixels: Uint8Array; size: ImageSize; source: ImageSize }> {
  return withPicture(bytes, async (upright, source) => {
    const resized = upright.resize(sideMax, sideMax, { fit: 'inside', withoutEnlargement: true });
    const { data, info } = await resized.raw().toBuffer({ resolveWithObject: true });
    const { width, height } = info;
    return { pixels: asRgb(data, width * height), size: { width, height }, source };
  });
}

/** Opens a picture, waits until there is room for its pixels, and hands it over upright and without alpha. */
async function withPicture<T>(bytes: Uint8Array, work: (upright: Sharp, source: ImageSize) => Promise<T>): Promise<T> {
  try {
    const picture = sharp(bytes, { limitInputPixels: LIMITS.imagePixelsMax, failOn: 'error' });
    const source = uprightSize(await picture.metadata());
    const upright = picture.autoOrient().flatten({ background: '#ffffff' }).toColourspace('srgb');
    return await room.with(source.width * source.height, () => work(upright, source));
  } catch (error) {
    if (error instanceof AppError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AppError('BACKEND_BAD_ITEM', `The picture cannot be read: ${reason}`, { cause: error });
  }
}

async function frameOf(upright: Sharp, source: ImageSize, options: FrameOptions): Promise<Frame> {
  const { width, height } = options;
  const [sx, sy] = [width / source.width, height / source.height];
  if (options.fit !== 'letterbox') {
    const { fit } = options;
    const pixels = await upright.resize(width, height, { fit }).raw().toBuffer();
    const most = Math.max(sx, sy);
    const scale = fit === 'fill' ? { x: sx, y: sy } : { x: most, y: most };
    const cut = { x: (source.width * scale.x - width) / 2, y: (source.height * scale.y - height) / 2 };
    return { pixels: asRgb(pixels, width * height), source, scale, cut };
  }
  const scale = Math.min(sx, sy);
  const inner = { width: inside(source.width * scale, width), height: inside(source.height * scale, height) };
  const ground = { r: LETTERBOX_GREY, g: LETTERBOX_GREY, b: LETTERBOX_GREY };
  const pixels = await upright
    .resize(inner.width, inner.height, { fit: 'fill' })
    .extend({ right: width - inner.width, bottom: height - inner.height, background: ground })
    .raw()
    .toBuffer();
  return { pixels: asRgb(pixels, width * height), source, scale: { x: scale, y: scale }, cut: { x: 0, y: 0 } };
}

export interface FloatLayout {
  /** (3 x height x width) or (height x width x 3). */
  readonly layout: 'planes' | 'pixels';
  /** Which colour comes first. */
  readonly order: 'rgb' | 'bgr';
  readonly mean: readonly number[];
  readonly scale: readonly number[];
}

/** (height x width x 3) bytes, red first, as floats: `(value - mean) * scale` per channel. */
export function toFloats(pixels: Uint8Array, { layout, order, mean, scale }: FloatLayout, into: Float32Array): void {
  const count = pixels.length / 3;
  const [step, apart] = layout === 'planes' ? [1, count] : [3, 1];
  for (let channel = 0; channel < 3; channel++) {
    const from = order === 'rgb' ? channel : 2 - channel;
    const offset = mean[channel]!;
    const factor = scale[channel]!;
    for (let i = 0, at = channel * apart; i < count; i++, at += step)
      into[at] = (pixels[3 * i + from]! - offset) * factor;
  }
}

/** Orientations 5 to 8 of EXIF lie on their side. */
function uprightSize({ width, height, orientation = 1 }: Metadata): ImageSize {
  return orientation >= 5 ? { width: height, height: width } : { width, height };
}

function inside(length: number, max: number): number {
  return Math.min(max, Math.max(1, Math.round(length)));
}

/** Grey pictures stay one channel after decoding. */
function asRgb(pixels: Uint8Array, count: number): Uint8Array {
  if (pixels.length === 3 * count) return pixels;
  const channels = pixels.length / count;
  const rgb = new Uint8Array(3 * count);
  for (let i = 0; i < count; i++) rgb.fill(pixels[i * channels]!, 3 * i, 3 * i + 3);
  return rgb;
}
