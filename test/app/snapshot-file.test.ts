/** The file of an export snapshot is closed again, also by whoever stops in the middle of it. */
import { createReadStream, type ReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import { createSnapshots, SNAPSHOT } from '../../src/app/scripts/snapshots.ts';
import { temporaryFolder } from '../helpers/process.ts';
import { TEXT_CONFIG } from '../helpers/texts.ts';

/** More than a stream reads ahead. */
const ROWS = 20_000;

it('is closed once the download ends, and once it is given up', async () => {
  const { folder, remove } = temporaryFolder();
  const file = join(folder, 'export-1');
  const row = (id: number) => ({ task: { id, data: { text: 'x' }, meta: {} }, annotations: [], predictions: [] });
  const rows = Array.from({ length: ROWS }, (_, i) => row(i + 1));
  writeFileSync(file, [{ labelConfig: TEXT_CONFIG }, ...rows].map((one) => JSON.stringify(one)).join('\n'));
  const opened: ReadStream[] = [];
  const read = () => {
    opened.push(createReadStream(file));
    return opened.at(-1)!;
  };
  const deps = {
    store: { jobs: { get: async () => ({ id: 1, kind: SNAPSHOT, projectId: 1, state: 'done' }) } },
    spool: { has: async () => true, read },
  } as unknown as Deps;

  const whole = await createSnapshots(deps).readSnapshot(1, 1, 'json-min');
  for await (const _part of whole.body);
  const givenUp = await createSnapshots(deps).readSnapshot(1, 1, 'json-min');
  for await (const _part of givenUp.body) break;
  // One for the head and one for the rows of each.
  expect(opened).toHaveLength(4);
  await expect.poll(() => opened.map((one) => one.closed), { timeout: 10_000 }).toEqual([true, true, true, true]);
  remove();
});
