/** Opens a data folder: the metadata in SQLite, the tensors in flat files, both under one lock. */
import type { Clock } from '../core/clock.ts';
import { FileTensorStore } from './files/tensor-store.ts';
import { openFolder } from './folder.ts';
import { openSqliteStore } from './sqlite/store.ts';
import type { Store } from './store.ts';
import type { TensorStore } from './tensors.ts';

export { runningServer, type ServerInfo } from './folder.ts';

export interface OpenStore {
  readonly store: Store;
  readonly tensors: TensorStore;
  /** Random for each start: a local command that shows it may read the folder, so it belongs to its owner. */
  readonly secret: string;
  /** Tells local commands where this server listens. */
  announce(address: string): void;
  /** Finishes what was asked for, closes the files, frees the folder. */
  close(): Promise<void>;
}

/**
 * Opens or creates a data folder.
 * Throws STORE_BUSY (with pid and address of the process that holds it), STORE_NEWER, STORE_CORRUPT or STORE_FULL.
 */
export async function openStore({ folder, clock }: { folder: string; clock: Clock }): Promise<OpenStore> {
  const held = openFolder(folder);
  try {
    const store = await openSqliteStore(held.database, clock);
    const tensors = new FileTensorStore(held.tensors);
    return {
      store,
      tensors,
      secret: held.secret,
      announce: held.announce,
      close: async () => {
        await tensors.close();
        await store.close();
        held.release();
      },
    };
  } catch (error) {
    held.release();
    throw error;
  }
}
