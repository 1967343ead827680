/** Temporary data folders for tests. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../src/store/open-store.ts';
import type { OpenEmpty } from '../contract/world.ts';

export function temporaryFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'headstart-test-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export const openSqlite: OpenEmpty = async (clock) => {
  const { folder, remove } = temporaryFolder();
  const opened = await openStore({ folder, clock });
  return {
    store: opened.store,
    close: async () => {
      await opened.close();
      remove();
    },
  };
};
