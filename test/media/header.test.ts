/** What headers say of size, pages and duration: against sharp on generated pictures, against arithmetic on sounds. */
import { existsSync, readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { type ByteSource, fileSource, memorySource } from '../../src/media/byte-source.ts';
import { type MediaHeader, readHeader } from '../../src/media/header.ts';
import { SNIFF_BYTES, sniff } from '../../src/media/sniff.ts';
import { gif, png, wav } from './samples.ts';

const headerOf = async (bytes: Uint8Array | ByteSource): Promise<MediaHeader & { type: string }> => {
  const source = bytes instanceof Uint8Array ? memorySource(bytes) : bytes;
  const type = sniff(await source.read(0, SNIFF_BYTES));
  return { type: type.type, ...(await readHeader(source, type)) };
};

const picture = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: '#369' }, limitInputPixels: false });

describe('pictures', () => {
  it.each([
    ['image/png', (p: Sharp) => p.png()],
    ['image/jpeg', (p: Sharp) => p.jpeg()],
    ['image/jpeg', (p: Sharp) => p.jpeg({ progressive: true })],
    ['image/webp', (p: Sharp) => p.webp()],
    ['image/webp', (p: Sharp) => p.webp({ lossless: true })],
    ['image/gif', (p: Sharp) => p.gif()],
    ['image/tiff', (p: Sharp) => p.tiff()],
    ['image/tiff', (p: Sharp) => p.tiff({ bigtiff: true })],
  ])('%s', async (type, encode) => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 700 }), async (width, height) => {
        const bytes = await encode(picture(width, height)).toBuffer();
        expect(await headerOf(bytes)).toMatchObject({ type, width, height, pages: 1 });
      }),
      { numRuns: 8 },
    );
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8])('are turned upright as the camera says: orientation %i', async (orientation) => {
    for (const encode of ['jpeg', 'tiff'] as const) {
      const bytes = await picture(30, 20).withMetadata({ orientation }).toFormat(encode).toBuffer();
      const { autoOrient } = await sharp(bytes).metadata();
      expect(await headerOf(bytes)).toMatchObject(autoOrient);
    }
  });

  it('with several frames or pages', async () => {
    const frames = { raw: { width: 4, height: 12, channels: 3, pageHeight: 4 } } as const;
    const raw = Buffer.from(Array.from({ length: 144 }, (_, i) => (i * 37) % 256));
    expect(await headerOf(await sharp(raw, frames).webp().toBuffer())).toMatchObject({ width: 4, height: 4, pages: 3 });
    expect(await headerOf(await sharp(raw, frames).gif().toBuffer())).toMatchObject({ width: 4, height: 4, pages: 3 });
    expect(await headerOf(await sharp(raw, frames).tiff().toBuffer())).toMatchObject({ pages: 3 });
    expect(await headerOf(png(1, 1, 7))).toMatchObject({ pages: 7 });
    expect(await headerOf(gif(12))).toMatchObject({ pages: 12 });
  });

  it('as bitmaps, from the top or from the bottom', async () => {
    const bmp = (height: number) => {
      const bytes = Buffer.alloc(60);
      bytes.write('BM', 'latin1');
      bytes.writeUInt32LE(40, 14);
      bytes.writeInt32LE(31, 18);
      bytes.writeInt32LE(height, 22);
      return bytes;
    };
    expect(await headerOf(bmp(17))).toMatchObject({ type: 'image/bmp', width: 31, height: 17 });
    expect(await headerOf(bmp(-17))).toMatchObject({ width: 31, height: 17 });
  });

  it('a GIF frame that sticks out of its screen counts', async () => {
    const bytes = gif(2);
    bytes.writeUInt16LE(60_000, 13 + 5);
    expect(await headerOf(bytes)).toMatchObject({ width: 60_000, height: 1 });
  });
});

describe('sounds', () => {
  it('WAV, by what is there', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(8000, 16_000, 44_100, 48_000),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(8, 16, 24, 32),
        fc.integer({ min: 1, max: 2_000 }),
        async (sampleRate, channels, bits, samples) => {
          const header = await headerOf(wav({ sampleRate, channels, bits, samples }));
          expect(header).toMatchObject({ type: 'audio/wav', sampleRate, channels });
          expect(header.seconds).toBeCloseTo(samples / sampleRate, 9);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('FLAC, with and without a count of samples', async () => {
    const flac = (samples: number) => {
      const bytes = Buffer.alloc(42);
      bytes.write('fLaC', 'latin1');
      bytes.writeUInt8(0x80, 4);
      bytes.writeUIntBE(34, 5, 3);
      bytes.writeUInt32BE(((44_100 << 12) | (1 << 9) | (15 << 4)) >>> 0, 18);
      bytes.writeUInt32BE(samples, 22);
      return bytes;
    };
    expect(await headerOf(flac(88_200))).toMatchObject({ seconds: 2, sampleRate: 44_100, channels: 2 });
    expect(await headerOf(flac(0))).toMatchObject({ seconds: null, sampleRate: 44_100 });
  });

  const ogg = (packet: Buffer, granule: bigint) => {
    const page = (position: bigint, body: Buffer) => {
      const head = Buffer.alloc(28);
      head.write('OggS', 'latin1');
      head.writeBigInt64LE(position, 6);
      head.writeUInt8(1, 26);
      head.writeUInt8(body.length, 27);
      return Buffer.concat([head, body]);
    };
    return Buffer.concat([page(0n, packet), page(granule, Buffer.alloc(100)), page(-1n, Buffer.alloc(50))]);
  };

  it('Ogg with Opus and with Vorbis, by its last position', async () => {
    const opus = Buffer.alloc(19);
    opus.write('OpusHead', 'latin1');
    opus.writeUInt8(2, 9);
    opus.writeUInt16LE(312, 10);
    expect(await headerOf(ogg(opus, 48_312n))).toMatchObject({ seconds: 1, channels: 2, sampleRate: 48_000 });
    const vorbis = Buffer.alloc(30);
    vorbis.write('\x01vorbis', 'latin1');
    vorbis.writeUInt8(1, 11);
    vorbis.writeUInt32LE(22_050, 12);
    expect(await headerOf(ogg(vorbis, 44_100n))).toMatchObject({ seconds: 2, channels: 1, sampleRate: 22_050 });
  });

  /** 128 kbit/s, 44.1 kHz, stereo: 417 bytes a frame. */
  const mp3 = (frames: number, counted: number | null) => {
    const frame = Buffer.alloc(417);
    frame.writeUInt32BE(0xfffb9000);
    const bytes = Buffer.concat(Array.from({ length: frames }, () => frame));
    if (counted !== null) {
      bytes.write('Xing', 36, 'latin1');
      bytes.writeUInt32BE(1, 40);
      bytes.writeUInt32BE(counted, 44);
    }
    const tag = Buffer.from('ID3\x04\0\0\0\0\x01\x00', 'latin1');
    return Buffer.concat([tag, Buffer.alloc(128), bytes]);
  };

  it('MP3 behind a tag, by its frames or its bit rate', async () => {
    const counted = await headerOf(mp3(100, 100));
    expect(counted).toMatchObject({ type: 'audio/mpeg', sampleRate: 44_100, channels: 2 });
    expect(counted.seconds).toBeCloseTo((100 * 1152) / 44_100, 9);
    expect((await headerOf(mp3(100, null))).seconds).toBeCloseTo((100 * 417 * 8) / 128_000, 9);
  });

  it('MP3 whose count of frames cannot be true goes by its bit rate', async () => {
    expect((await headerOf(mp3(100, 1_000_000))).seconds).toBeCloseTo(2.61, 1);
  });

  it('MP4, its duration and its largest frame', async () => {
    const box = (name: string, ...body: Buffer[]) => {
      const head = Buffer.alloc(8);
      head.writeUInt32BE(8 + body.reduce((sum, part) => sum + part.length, 0));
      head.write(name, 4, 'latin1');
      return Buffer.concat([head, ...body]);
    };
    const movie = Buffer.alloc(100);
    movie.writeUInt32BE(1000, 12);
    movie.writeUInt32BE(90_500, 16);
    const track = Buffer.alloc(84);
    track.writeUInt32BE(1280 * 65_536, 76);
    track.writeUInt32BE(720 * 65_536, 80);
    const bytes = Buffer.concat([
      box('ftyp', Buffer.from('isom\0\0\0\0', 'latin1')),
      box('mdat', Buffer.alloc(1000)),
      box('moov', box('mvhd', movie), box('trak', box('tkhd', Buffer.alloc(84))), box('trak', box('tkhd', track))),
    ]);
    expect(await headerOf(bytes)).toMatchObject({ type: 'video/mp4', seconds: 90.5, width: 1280, height: 720 });
  });
});

describe('damage', () => {
  const whole = [png(3, 2), gif(3), wav(), Buffer.from('fLaC'), Buffer.from('OggS'), Buffer.from('ID3')];

  it('anywhere ends in an answer: a header or a clear refusal', async () => {
    const encoded = await Promise.all(
      (['jpeg', 'webp', 'tiff'] as const).map((name) => picture(9, 7).toFormat(name).toBuffer()),
    );
    const samples = [...whole, ...encoded];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...samples),
        fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 6 }),
        fc.nat(),
        async (sample, changes, cut) => {
          const bytes = Buffer.from(sample.subarray(0, Math.max(12, cut % (sample.length + 1))));
          for (const [at, value] of changes) if (at % 200 >= 12) bytes[at % 200] = value;
          const answer = await headerOf(bytes).catch((error: { code?: string }) => error.code);
          if (typeof answer === 'string' || answer === undefined)
            expect(['MEDIA_BAD_FILE', 'LIMIT_SIZE']).toContain(answer);
        },
      ),
      { numRuns: 400 },
    );
  });

  it('a TIFF whose pages point at each other ends', async () => {
    const bytes = await picture(3, 2).tiff().toBuffer();
    const first = bytes.readUInt32LE(4);
    bytes.writeUInt32LE(first, first + 2 + 12 * bytes.readUInt16LE(first));
    await expect(headerOf(bytes)).rejects.toMatchObject({ code: 'LIMIT_SIZE' });
  });
});

const shared = resolve(import.meta.dirname, '../../../shared/data');
const isThere = existsSync(shared);

describe.skipIf(!isThere && process.env.CI !== 'true')(
  `real files${isThere ? '' : ' (../shared/data is not here)'}`,
  () => {
    it('pictures: as sharp says', async () => {
      const folder = join(shared, 'images/test-images');
      const names = readdirSync(folder).filter((name) => name.endsWith('.jpg'));
      expect(names.length).toBeGreaterThan(3);
      for (const name of names) {
        const { autoOrient } = await sharp(join(folder, name)).metadata();
        expect(await ofFile(join(folder, name)), name).toMatchObject(autoOrient);
      }
    });

    it('sounds: spoken digits last between a tenth of a second and ten', async () => {
      const folder = join(shared, 'audio/fsdd');
      const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.wav'));
      for (const name of names.slice(0, 50)) {
        const header = await ofFile(join(folder, name));
        expect(header, name).toMatchObject({ type: 'audio/wav', sampleRate: 8000, channels: 1 });
        expect(header.seconds).toBeGreaterThan(0.1);
        expect(header.seconds).toBeLessThan(10);
      }
    });
  },
);

async function ofFile(path: string): Promise<MediaHeader & { type: string }> {
  const file = await open(path);
  try {
    return await headerOf(fileSource(file, (await file.stat()).size));
  } finally {
    await file.close();
  }
}
