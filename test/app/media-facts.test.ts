/** Colours of pictures are read once per file, whatever tasks show it, and again once the file has changed. */
import { expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import { type Learning, learnFacts } from '../../src/app/rules/media-facts.ts';
import type { InferenceItem } from '../../src/backends/backend.ts';
import type { Task } from '../../src/core/domain.ts';
import { AppError } from '../../src/core/errors.ts';
import type { MediaFactRow } from '../../src/store/ports/media.ts';

/** Files by address; a picture "is" its text: its colour is the length. */
function world(files: Record<string, string>) {
  const rows = new Map<number, MediaFactRow>();
  const decoded: string[] = [];
  const away = new Set<string>();
  const info = (reference: string) => {
    const header = { width: 1, height: 1, exif: null };
    return { kind: 'image', type: 'image/jpeg', size: 1, version: files[reference], header };
  };
  const deps = {
    store: {
      mediaFacts: {
        ofTasks: async (ids: readonly number[]) => ids.flatMap((id) => rows.get(id) ?? []),
        ofVersion: async (version: string) => [...rows.values()].find((row) => row.version === version),
        put: async (all: readonly MediaFactRow[]) => {
          for (const row of all) rows.set(row.taskId, row);
        },
      },
    },
    media: {
      stat: async (reference: string) => info(reference),
      open: async (reference: string) => {
        if (away.has(reference)) throw new AppError('MEDIA_FETCH', 'It is away.');
        const read = async function* () {
          yield Buffer.from(files[reference]!);
        };
        return { ...info(reference), read, close: async () => undefined };
      },
    },
    inference: {
      run: async (_: string, items: readonly InferenceItem[]) => {
        const texts = items.map((item) => ('bytes' in item ? Buffer.from(item.bytes).toString() : ''));
        decoded.push(...texts);
        const failed = texts.flatMap((text, index) =>
          text === 'broken'
            ? [{ index, error: { code: 'BACKEND_BAD_ITEM', message: 'No picture.', details: {} } }]
            : [],
        );
        const data = Float32Array.from(texts.flatMap(({ length }) => [length, 0, 0, 1]));
        return { outputs: { colour: { data, width: 4 } }, failed };
      },
    },
  } as unknown as Deps;
  const task = (id: number, image: string) => ({ id, projectId: 1, data: { image } }) as unknown as Task;
  return { deps, rows, decoded, away, task };
}

const job = (): Learning => ({
  source: { kind: 'image', field: 'image' },
  pixels: true,
  signal: new AbortController().signal,
  seen: new Map(),
});

it('reads a picture once that several tasks show, within a chunk and across chunks', async () => {
  const { deps, rows, decoded, task } = world({ a: 'one', b: 'three', c: 'broken', copy: 'one' });
  const learning = job();
  const first = [task(1, 'a'), task(2, 'b'), task(3, 'a'), task(4, 'c'), task(5, 'c'), task(6, 'copy')];
  const failed = await learnFacts(deps, first, learning);
  expect([...failed.keys()]).toEqual([4, 5]);
  expect([...(await learnFacts(deps, [task(7, 'b'), task(8, 'c')], learning)).keys()]).toEqual([8]);
  expect(decoded.sort()).toEqual(['broken', 'one', 'three']);
  const reds = [1, 2, 3, 4, 6, 7].map((id) => (rows.get(id)!.facts.mean_color as number[] | null)?.[0] ?? null);
  expect(reds).toEqual([3, 5, 3, null, 3, 5]);
});

it('decodes nothing that an earlier job has decoded for another task', async () => {
  const { deps, rows, decoded, task } = world({ a: 'one', c: 'broken', b: 'three' });
  await learnFacts(deps, [task(1, 'a'), task(2, 'c')], job());
  const failed = await learnFacts(deps, [task(3, 'a'), task(4, 'c'), task(5, 'b')], job());
  expect(decoded).toEqual(['one', 'broken', 'three']);
  expect([...failed]).toMatchObject([[4, { code: 'BACKEND_BAD_ITEM' }]]);
  expect(rows.get(3)!.facts).toEqual(rows.get(1)!.facts);
  expect(rows.get(4)!.facts).toEqual(rows.get(2)!.facts);
});

it('asks again for what was away, and reads anew what has changed', async () => {
  const files: Record<string, string> = { a: 'one', b: 'three' };
  const { deps, rows, decoded, away, task } = world(files);
  const learning = job();
  away.add('a');
  const tasks = [task(1, 'a'), task(2, 'a')];
  expect((await learnFacts(deps, tasks, learning)).size).toBe(2);
  away.clear();
  expect((await learnFacts(deps, tasks, learning)).size).toBe(0);
  files.a = 'eleven chars';
  expect((await learnFacts(deps, tasks, learning)).size).toBe(0);
  expect(decoded).toEqual(['one', 'eleven chars']);
  expect(rows.get(2)!.facts).toMatchObject({ mean_color: [12, 0, 0], brightness: 1 });
});
