/** What a file's header says of what decoding it would cost, and the limits on that: looked at before anybody decodes. */
import { AppError } from '../core/errors.ts';
import type { Exif } from '../core/exif.ts';
import { LIMITS } from '../core/limits.ts';
import type { ByteSource } from './byte-source.ts';
import { readFlac, readMp3, readOgg } from './header-audio.ts';
import { readBmp, readGif, readPng, readWebp } from './header-image.ts';
import { readJpeg } from './header-jpeg.ts';
import { readMp4 } from './header-mp4.ts';
import { readTiff } from './header-tiff.ts';
import { readWav } from './header-wav.ts';
import type { MediaType } from './sniff.ts';

/** Null stands for what the file does not say. */
export interface MediaHeader {
  /** As it is shown: turned upright, the largest page. */
  readonly width: number | null;
  readonly height: number | null;
  /** Frames of an animation, pages of a scan; 1 for an ordinary picture. */
  readonly pages: number | null;
  readonly seconds: number | null;
  readonly sampleRate: number | null;
  readonly channels: number | null;
  /** What cameras and programs wrote into a picture; null when there is nothing of the kind. */
  readonly exif: Exif | null;
}

export const NO_HEADER: MediaHeader = {
  width: null,
  height: null,
  pages: null,
  seconds: null,
  sampleRate: null,
  channels: null,
  exif: null,
};

/** Returns null for a damaged header. Files are from strangers: every loop ends by the file's end or by a limit. */
export type HeaderReader = (source: ByteSource) => Promise<Partial<MediaHeader> | null>;

const READERS: Readonly<Record<string, HeaderReader>> = {
  'image/png': readPng,
  'image/jpeg': readJpeg,
  'image/gif': readGif,
  'image/webp': readWebp,
  'image/bmp': readBmp,
  'image/tiff': readTiff,
  'audio/wav': readWav,
  'audio/flac': readFlac,
  'audio/ogg': readOgg,
  'audio/mpeg': readMp3,
  'audio/mp4': readMp4,
  'video/mp4': readMp4,
};

/** Throws MEDIA_BAD_FILE for a damaged header, LIMIT_SIZE for one that promises too much. */
export async function readHeader(source: ByteSource, { type }: MediaType): Promise<MediaHeader> {
  const read = READERS[type];
  if (read === undefined) return NO_HEADER;
  const found = await read(source);
  if (found === null) {
    throw new AppError('MEDIA_BAD_FILE', `The header of the ${type} file is damaged.`, { details: { type } });
  }
  const header = { ...NO_HEADER, ...found };
  const { width, height, pages, seconds, sampleRate, channels } = header;
  check('pixels', (width ?? 0) * (height ?? 0), LIMITS.imagePixelsMax);
  check('pages', pages ?? 0, LIMITS.imagePagesMax);
  check('seconds', seconds ?? 0, LIMITS.audioSecondsMax);
  check('samples', (seconds ?? 0) * (sampleRate ?? 0) * (channels ?? 1), LIMITS.audioSamplesMax);
  return header;
}

function check(what: string, given: number, most: number): void {
  if (given <= most) return;
  const count = Math.ceil(given);
  throw new AppError('LIMIT_SIZE', `The file holds at least ${count} ${what}; the limit is ${most}.`, {
    details: { what, given: count, most },
  });
}
