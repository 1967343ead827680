/** The checkpoint thread works in an engine of its own; ended inside it, it would take the whole process with it. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openCheckpoints } from '../../src/store/sqlite/checkpoints.ts';
import { type Connection, openDatabase } from '../../src/store/sqlite/open.ts';
import { temporaryFolder } from './open-temp.ts';

let temporary: ReturnType<typeof temporaryFolder>;
let file: string;
let writer: Connection;
beforeEach(() => {
  temporary = temporaryFolder();
  file = join(temporary.folder, 'store.db');
  writer = openDatabase(file);
  writer.exec('create table words (word text)');
});
afterEach(() => {
  writer.close();
  temporary.remove();
});

it('finishes the checkpoint under way before the thread ends', async () => {
  const checkpoints = openCheckpoints(file);
  const running = checkpoints.run();
  await checkpoints.close();
  // It would never be settled by a thread that ended without it.
  await expect(running).resolves.toBeUndefined();
});

it('closes a thread that was never needed, that is idle, and that could not open its file', async () => {
  await openCheckpoints(file).close();
  const idle = openCheckpoints(file);
  await idle.run();
  await idle.run();
  await idle.close();
  const lost = openCheckpoints(join(temporary.folder, 'no-such-folder', 'store.db'));
  await expect(lost.run()).rejects.toThrow();
  await lost.close();
});
