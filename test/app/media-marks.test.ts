/** Hashes of pictures are made once per file: looking again decodes only what is new or has changed. */
import { expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import type { JobWork } from '../../src/app/jobs/job-runner.ts';
import type { ProjectConfig } from '../../src/app/projects/project-config.ts';
import { mediaMarks } from '../../src/app/spread/media-marks.ts';
import type { InferenceItem } from '../../src/backends/backend.ts';
import type { Task } from '../../src/core/domain.ts';
import type { ImageHashRow } from '../../src/store/ports/media.ts';

it('decodes a picture when its file or the model is new, and never twice', async () => {
  const files = new Map([
    ['a', 'one'],
    ['b', 'two'],
    ['c', 'broken'],
  ]);
  const kept = new Map<number, ImageHashRow>();
  let version = 'v1';
  let decoded: string[] = [];
  const deps = {
    media: {
      open: async (reference: string) => {
        const bytes = Buffer.from(files.get(reference)!);
        const read = async function* () {
          yield bytes;
        };
        return { kind: 'image', type: 'image/png', size: bytes.length, read, close: async () => undefined };
      },
    },
    inference: {
      info: () => ({ version }),
      run: async (_: string, items: readonly InferenceItem[]) => {
        const texts = items.map((item) => ('bytes' in item ? Buffer.from(item.bytes).toString() : ''));
        decoded.push(...texts);
        const good = texts.map((text) => text !== 'broken');
        const offsets = Int32Array.from([0, ...good.map((_, i) => good.slice(0, i + 1).filter(Boolean).length)]);
        const rows = texts.filter((_, i) => good[i]).flatMap((text) => [text.length, 2, 3, 4]);
        const failed = texts.flatMap((_, index) =>
          good[index] ? [] : [{ index, error: { code: 'BACKEND_BAD_ITEM', message: 'No picture.', details: {} } }],
        );
        return { outputs: { hash: { data: Float32Array.from(rows), width: 4, offsets } }, failed };
      },
    },
    store: {
      imageHashes: {
        ofTasks: async (ids: readonly number[]) => ids.flatMap((id) => kept.get(id) ?? []),
        put: async (rows: readonly ImageHashRow[]) => {
          for (const row of rows) kept.set(row.taskId, row);
        },
      },
    },
  } as unknown as Deps;
  const failures: number[] = [];
  const work = {
    signal: new AbortController().signal,
    itemFailed: async (taskId: number) => void failures.push(taskId),
  } as unknown as JobWork;
  const config = { input: 'image', mediaOf: (data: { image: string }) => data.image } as unknown as ProjectConfig;
  const tasks = [...files.keys()].map((image, i) => ({ id: i + 1, projectId: 1, data: { image } }) as unknown as Task);
  tasks.push({ ...tasks[0]!, id: 4 });
  const look = async (): Promise<string[]> => {
    decoded = [];
    const marks = await mediaMarks(deps, work, config, tasks);
    expect(marks.get(1)!.hash).toEqual([files.get('a')!.length, 2, 3, 4]);
    expect(marks.get(3)!.hash).toBeNull();
    // The same address as task 1.
    expect(marks.get(4)).toEqual(marks.get(1));
    return decoded;
  };
  expect(await look()).toEqual(['one', 'two', 'broken']);
  expect(failures).toEqual([3]);
  expect(await look()).toEqual(['broken']);
  files.set('a', 'another');
  expect(await look()).toEqual(['another', 'broken']);
  version = 'v2';
  expect(await look()).toEqual(['another', 'two', 'broken']);
});
