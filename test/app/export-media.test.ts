/** The media of an export: a file that breaks off or is away costs the zip that file alone, and is named. */
import { expect, it } from 'vitest';
import { mediaFolder } from '../../src/app/transfer/export-media.ts';
import type { Project } from '../../src/core/domain.ts';
import { AppError } from '../../src/core/errors.ts';
import type { ExportRow } from '../../src/formats/index.ts';
import { parseLabelConfig } from '../../src/labelconfig/index.ts';
import type { MediaStore } from '../../src/media/media.ts';

const CONFIG = parseLabelConfig(
  '<View><Image name="image" value="$image"/><Choices name="c" toName="image"><Choice value="a"/><Choice value="b"/></Choices></View>',
);

const media = {
  stat: async (name: string) => {
    if (name.startsWith('away')) throw new AppError('MEDIA_FETCH', 'It is away.');
    return { name };
  },
  open: async (name: string) => ({
    async *read() {
      yield Buffer.from(name);
      if (name === 'broken.png') throw new Error('EIO');
    },
    close: async () => undefined,
  }),
} as unknown as MediaStore;

async function packed(references: readonly string[]): Promise<Map<string, string>> {
  const folder = mediaFolder(media, { id: 1 } as Project, CONFIG, undefined);
  for (const [i, image] of references.entries()) {
    await folder.pack({ task: { id: i + 1, data: { image } } } as unknown as ExportRow);
  }
  const files = new Map<string, string>();
  for await (const { path, content } of folder.files()) {
    const parts: (string | Uint8Array)[] = [];
    if (typeof content === 'string') parts.push(content);
    else for await (const part of content as AsyncIterable<Uint8Array>) parts.push(part);
    files.set(path, parts.map(String).join(''));
  }
  return files;
}

it('packs what comes after a file that breaks off, and says which one that was', async () => {
  const files = await packed(['broken.png', 'whole.png']);
  const names = [...files.keys()];
  expect(names).toHaveLength(3);
  expect(files.get(names[1]!)).toBe('whole.png');
  expect(files.get('missing-files.log')).toMatch(/^task 1: broken\.png: It broke off .*\n$/);
});

it('names ten thousand files that are away, and counts the others', async () => {
  const files = await packed(Array.from({ length: 10_003 }, (_, i) => `away-${i}.png`));
  const lines = files.get('missing-files.log')!.trimEnd().split('\n');
  expect(lines).toHaveLength(10_001);
  expect(lines[0]).toBe('task 1: away-0.png: It is away.');
  expect(lines.at(-1)).toBe('and 3 more');
});
