/** Kept files: those that jobs name outlast a start, and no other does. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { SNAPSHOT } from '../../src/app/scripts/snapshots.ts';
import { IMPORT } from '../../src/app/transfer/import.ts';
import { sweepSpool } from '../../src/app/transfer/spool-sweep.ts';
import { openSpool } from '../../src/media/spool.ts';
import { inWorld } from '../contract/world.ts';
import { temporaryFolder } from '../helpers/process.ts';
import { openSqlite } from '../store/open-temp.ts';

async function* bytes() {
  yield Buffer.from('x');
}

it('removes what a crash left behind, and nothing else', () =>
  inWorld(openSqlite, async ({ store, project }) => {
    const { folder, remove } = temporaryFolder();
    onTestFinished(remove);
    const spool = openSpool(join(folder, 'spool'));
    await sweepSpool({ store, spool });
    expect(existsSync(join(folder, 'spool'))).toBe(true);

    const projectId = project.id;
    // More jobs than are looked at together, the one with the file last.
    for (let i = 0; i < 600; i++) await store.jobs.enqueue({ kind: 'other', projectId, params: {} });
    const snapshot = await store.jobs.enqueue({ kind: SNAPSHOT, projectId, params: {} });
    await store.jobs.enqueue({ kind: IMPORT, projectId, params: { spoolId: 'aa' }, paused: true });
    for (const id of ['aa', 'bb', `export-${snapshot.id}`, 'export-9999']) await spool.write(id, bytes());
    await sweepSpool({ store, spool });
    expect(readdirSync(join(folder, 'spool')).sort()).toEqual(['aa', `export-${snapshot.id}`]);
  }));
