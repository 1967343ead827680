/** Where a command finds its server: the one that holds the data folder, else one of its own for as long as it runs. */

import { type Flags, readConfig } from '../config.ts';
import { runningServer, startServer } from '../local-server.ts';
import { type Client, createClient } from './client.ts';
import { createOutput, type Output, reportError } from './output.ts';

export interface Session {
  readonly client: Client;
  readonly out: Output;
}

export interface CommonFlags extends Flags {
  readonly json?: boolean;
}

/** Runs a command against the folder's server; errors are printed and set the exit code. */
export async function withSession(flags: CommonFlags, command: (session: Session) => Promise<void>): Promise<void> {
  const json = wantsJson(flags);
  try {
    const config = readConfig(flags);
    const out = createOutput(json);
    const running = runningServer(config.folder);
    if (running?.address) {
      await command({ client: createClient(running.address, running.secret), out });
      return;
    }
    const own = await startServer({ ...config, host: '127.0.0.1', port: 0 });
    try {
      await command({ client: createClient(own.url, own.secret), out });
    } finally {
      await own.close();
    }
  } catch (error) {
    reportError(error, json);
  }
}

export function wantsJson(flags: CommonFlags): boolean {
  return flags.json ?? !process.stdout.isTTY;
}
