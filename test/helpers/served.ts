/** One server for all tests of a file: over a temporary folder, started before the first and gone after the last. */
import { afterAll, beforeAll } from 'vitest';
import type { Client } from '../../src/cli/client.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from './process.ts';

export interface Served {
  /** Its data folder; removed at the end, so tests may keep files of their own in it. */
  readonly folder: string;
  readonly client: Client;
  readonly url: string;
  readonly pid: number;
  log(): string;
  /** Killed as by a power cut, and started anew over the same folder. */
  again(): Promise<void>;
}

/**
 * Call it before the hooks that need the server: hooks run in the order in which they are given. `flags` of `serve`.
 */
export function servedFolder(flags: (folder: string) => readonly string[] = () => []): Served {
  const { folder, remove } = temporaryFolder();
  let server: ServerProcess;
  beforeAll(async () => {
    server = await startServerProcess(folder, flags(folder));
  });
  afterAll(async () => {
    await server.stop();
    remove();
  });
  return {
    folder,
    get client() {
      return server.client;
    },
    get url() {
      return server.url;
    },
    get pid() {
      return server.pid;
    },
    log: () => server.log(),
    async again() {
      await server.kill();
      server = await startServerProcess(folder, flags(folder));
    },
  };
}
