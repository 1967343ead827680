/** Bulk jobs over large files and texts: in groups that fit the memory, each item once, in order. */
import { expect, it } from 'vitest';
import { type ItemGroup, itemGroups } from '../../src/app/jobs/inference-items.ts';
import { waitForRoom } from '../../src/backends/room.ts';
import type { Task } from '../../src/core/domain.ts';
import type { MediaStore } from '../../src/media/media.ts';
import { fakeModel, fakePool } from '../backends/fake.ts';

const going = new AbortController().signal;
const MB = 1_000_000;
const GROUP_MB = 32;

const INPUTS = {
  textOf: (data: Task['data']) => (typeof data.text === 'string' ? data.text : null),
  mediaOf: (data: Task['data']) => String(data.sound),
};

/** Files of so many megabytes; below zero: one that cannot be read. */
function sounds(sizes: readonly number[]) {
  let open = 0;
  const media = {
    mostOpen: 0,
    async open(reference: string) {
      open += 1;
      media.mostOpen = Math.max(media.mostOpen, open);
      const bytes = new Uint8Array(Number(reference) * MB);
      const read = async function* () {
        yield bytes;
      };
      return { kind: 'audio', type: 'audio/wav', size: bytes.length, read, close };
    },
  };
  const close = async () => {
    open -= 1;
  };
  const tasks = sizes.map((size, i) => ({ id: i + 1, projectId: 1, data: { sound: String(size) } }) as unknown as Task);
  return { media: media as typeof media & MediaStore, tasks };
}

async function all(groups: AsyncIterable<ItemGroup>): Promise<ItemGroup[]> {
  const list: ItemGroup[] = [];
  for await (const group of groups) list.push(group);
  return list;
}

const idsOf = (groups: readonly ItemGroup[]) => groups.map(({ tasks }) => tasks.map(({ id }) => id));

it('adds a file to a group only while the whole stays within the limit, or when it is alone', async () => {
  const { media, tasks } = sounds([20, 20, 20, 12, 40, 1, 31, 1, -1, 1]);
  const groups = await all(itemGroups(media, { ...INPUTS, input: 'audio' }, tasks, going));
  expect(idsOf(groups)).toEqual([[1], [2], [3, 4], [5], [6, 7], [8, 10]]);
  expect(groups.map(({ failed }) => failed.map(({ taskId }) => taskId))).toEqual([[], [], [], [], [], [9]]);
});

it('opens a few small files at once, and large ones one by one', async () => {
  const [small, large] = [sounds(Array.from({ length: 12 }, () => 1)), sounds(Array.from({ length: 8 }, () => 20))];
  await all(itemGroups(small.media, { ...INPUTS, input: 'audio' }, small.tasks, going));
  expect(small.media.mostOpen).toBe(4);
  const groups = itemGroups(large.media, { ...INPUTS, input: 'audio' }, large.tasks, going);
  // The first four tell that they are large.
  for (let i = 0; i < 4; i++) await groups.next();
  large.media.mostOpen = 0;
  await all(groups);
  expect(large.media.mostOpen).toBe(1);
});

it('waits for no file any more once the job is asked to stop', async () => {
  const media = { open: () => new Promise(() => undefined) } as unknown as MediaStore;
  const { tasks } = sounds([1, 1]);
  const stop = new AbortController();
  const groups = itemGroups(media, { ...INPUTS, input: 'audio' }, tasks, stop.signal);
  const next = groups.next();
  stop.abort();
  await expect(next).rejects.toMatchObject({ code: 'CONFLICT_CANCELLED' });
  const late = itemGroups(media, { ...INPUTS, input: 'audio' }, tasks, stop.signal);
  await expect(late.next()).rejects.toMatchObject({ code: 'CONFLICT_CANCELLED' });
});

it('parts long texts like files, and short ones not at all', async () => {
  const text = (id: number, length: number) => ({ id, data: { text: 'x'.repeat(length) } }) as unknown as Task;
  const short = Array.from({ length: 500 }, (_, i) => text(i + 1, 10));
  const none = { id: 1_000, data: {} } as unknown as Task;
  const media = {} as MediaStore;
  const [whole, ...rest] = await all(itemGroups(media, { ...INPUTS, input: 'text' }, [...short, none], going));
  expect([whole!.items.length, whole!.failed.length, rest.length]).toEqual([500, 1, 0]);
  const long = [text(1, 6 * MB), text(2, 10 * MB), text(3, 1 * MB), text(4, 20 * MB), text(5, 1)];
  expect(idsOf(await all(itemGroups(media, { ...INPUTS, input: 'text' }, long, going)))).toEqual([
    [1, 2],
    [3],
    [4],
    [5],
  ]);
});

it('two jobs over more than the queue holds both end with every item done', async () => {
  const model = fakeModel({ input: 'audio', processing: { mark: 7 } });
  // One group fits, a second one beside it does not.
  const pool = waitForRoom(fakePool({ models: [model], bytesMax: (GROUP_MB + 1) * MB }));
  const { media, tasks } = sounds(Array.from({ length: 6 }, () => 15));
  const job = async (): Promise<number> => {
    let done = 0;
    for await (const { items } of itemGroups(media, { ...INPUTS, input: 'audio' }, tasks, going)) {
      const { failed } = await pool.run('fake', items, { lane: 'bulk', signal: new AbortController().signal });
      done += items.length - failed.length;
    }
    return done;
  };
  expect(await Promise.all([job(), job()])).toEqual([6, 6]);
});
