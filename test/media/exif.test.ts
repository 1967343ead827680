/** What cameras wrote into pictures: read from every format that carries it, and bounded whatever a stranger wrote. */
import fc from 'fast-check';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { memorySource } from '../../src/media/byte-source.ts';
import { readExif } from '../../src/media/exif.ts';
import { readHeader } from '../../src/media/header.ts';
import { SNIFF_BYTES, sniff } from '../../src/media/sniff.ts';

const WRITTEN = {
  IFD0: { Make: 'Nikon', Model: 'D40', Software: 'Camera Works 1.2' },
  IFD2: { ExposureTime: '1/250', FNumber: '28/10', DateTimeOriginal: '2024:05:31 12:00:05', ISOSpeedRatings: '400' },
  IFD3: { GPSLatitudeRef: 'S', GPSLatitude: '33/1 30/1 0/1', GPSLongitudeRef: 'E', GPSLongitude: '151/1 12/1 0/1' },
};

const picture = () => sharp({ create: { width: 20, height: 10, channels: 3, background: '#369' } });

const exifOf = async (bytes: Uint8Array) => {
  const source = memorySource(bytes);
  return (await readHeader(source, sniff(await source.read(0, SNIFF_BYTES)))).exif;
};

describe('EXIF', () => {
  it.each([
    ['JPEG', (p: Sharp) => p.jpeg()],
    ['PNG', (p: Sharp) => p.png()],
    ['WebP', (p: Sharp) => p.webp()],
  ])('is read from %s: texts, numbers, times and places', async (_name, encode) => {
    expect(await exifOf(await encode(picture().withExif(WRITTEN)).toBuffer())).toMatchObject({
      Make: 'Nikon',
      Model: 'D40',
      Software: 'Camera Works 1.2',
      ExposureTime: 0.004,
      FNumber: 2.8,
      ISO: 400,
      DateTimeOriginal: '2024-05-31T12:00:05Z',
      Latitude: -33.5,
      Longitude: 151.2,
    });
  });

  it('is read from TIFF, whose own form it has', async () => {
    const bytes = await picture().withMetadata({ orientation: 6 }).tiff().toBuffer();
    expect(await exifOf(bytes)).toMatchObject({ Orientation: 6 });
  });

  it('is null where there is none', async () => {
    for (const format of ['png', 'jpeg', 'webp', 'gif'] as const) {
      expect(await exifOf(await picture().toFormat(format).toBuffer())).toBeNull();
    }
  });

  it('that lies costs no more than its bytes and throws nothing', async () => {
    const { exif } = await sharp(await picture().withExif(WRITTEN).jpeg().toBuffer()).metadata();
    const block = new Uint8Array(exif!.subarray(6));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(block.length - 1), fc.integer({ min: 0, max: 255 })), { maxLength: 40 }),
        fc.nat(block.length),
        async (changes, length) => {
          const broken = block.slice(0, length);
          for (const [at, byte] of changes) if (at < length) broken[at] = byte;
          let read = 0;
          const source = memorySource(broken);
          const found = await readExif({
            ...source,
            read: async (offset, wanted) => {
              const bytes = await source.read(offset, wanted);
              read += bytes.length;
              return bytes;
            },
          });
          expect(read).toBeLessThan(100_000);
          for (const value of Object.values(found ?? {})) {
            if (typeof value === 'number') expect(Number.isFinite(value)).toBe(true);
            else expect(value.length).toBeLessThanOrEqual(200);
          }
        },
      ),
      { numRuns: 300, seed: 4 },
    );
  });
});
