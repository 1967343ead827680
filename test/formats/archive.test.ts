import * as fc from 'fast-check';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import type { InputFile, OutputFile } from '../../src/formats/index.ts';
import { unzipFiles, zipFiles } from '../../src/formats/index.ts';

async function zipped(files: readonly OutputFile[]): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of zipFiles(files)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function contentOf(file: InputFile): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of file.bytes) parts.push(part);
  return Buffer.concat(parts).toString();
}

const failing = (bytes: Uint8Array) => expect(unzipFiles([bytes])).rejects;

/** A zip whose entry has any name at all: the name is changed in place, at equal length. */
function renamed(name: string): Uint8Array {
  const placeholder = 'x'.repeat(Buffer.byteLength(name));
  const bytes = Buffer.from(zipSync({ [placeholder]: strToU8('content') }));
  for (let at = bytes.indexOf(placeholder); at >= 0; at = bytes.indexOf(placeholder, at + 1)) bytes.write(name, at);
  return bytes;
}

describe('zip', () => {
  it('unpacks what it packs, however it arrives', async () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,5}(\/[a-zé漢]{1,5})?\.txt$/u), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(names, fc.string(), fc.integer({ min: 1, max: 500 }), async (paths, content, size) => {
        const files = paths.map((path, i) => ({ path, content: content.repeat(i) }));
        const bytes = await zipped(files);
        expect(Buffer.compare(bytes, await zipped(files))).toBe(0);
        const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_unused, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        const back = await unzipFiles(pieces);
        expect(back.map(({ path }) => path)).toEqual(paths);
        expect(await Promise.all(back.map(contentOf))).toEqual(
          files.map((file) => Buffer.from(file.content).toString()),
        );
      }),
      { numRuns: 30 },
    );
  });

  it.each(['../x', 'a/../../x', '/etc/passwd', 'C:\\x', 'a\\..\\x', './x', 'a//x', 'nul\0.txt'])(
    'zip slip: refuses the name %j',
    async (name) => {
      await failing(renamed(name)).toMatchObject({ code: 'INPUT_BAD_FORMAT' });
    },
  );

  it('zip bomb: stops at the ratio, whatever the headers say', async () => {
    const bomb = zipSync({ 'a.txt': new Uint8Array(8_000_000) }, { level: 9 });
    expect(bomb.length).toBeLessThan(100_000);
    await failing(bomb).toMatchObject({ code: 'LIMIT_SIZE' });
    const lying = Buffer.from(bomb);
    lying.writeUInt32LE(10, 22);
    await failing(lying).toMatchObject({ code: expect.stringMatching(/LIMIT_SIZE|INPUT_BAD_FORMAT/) });
  });

  it('refuses what is no zip, cut off, or has a name twice', async () => {
    await failing(strToU8('hello')).toMatchObject({ code: 'INPUT_BAD_FORMAT' });
    await failing(new Uint8Array(0)).toMatchObject({ code: 'INPUT_BAD_FORMAT' });
    const whole = zipSync({ 'a.txt': strToU8('x'.repeat(999)), 'b.txt': strToU8('y') }, { level: 0 });
    await failing(whole.subarray(0, 500)).toMatchObject({ code: 'INPUT_BAD_FORMAT' });
    const twice = Buffer.from(whole);
    for (let at = twice.indexOf('b.txt'); at >= 0; at = twice.indexOf('b.txt', at + 1)) twice.write('a.txt', at);
    await failing(twice).toMatchObject({ code: 'INPUT_BAD_FORMAT' });
  });
});
