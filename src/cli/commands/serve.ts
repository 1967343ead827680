/** `headstart serve`: the server over a data folder, until it is told to stop. */
import type { Command } from 'commander';
import { type Running, startServer } from '../../compose.ts';
import { readConfig } from '../../config.ts';
import { withAddress, withCommon } from '../flags.ts';
import { reportError } from '../output.ts';
import { type CommonFlags, wantsJson } from '../session.ts';

export function addServe(program: Command): void {
  withAddress(withCommon(program.command('serve')))
    .description('serve the data folder')
    .option('--require-tokens', 'ask for tokens on loopback too')
    .action(async (flags: CommonFlags) => {
      try {
        const running = await startServer(readConfig(flags));
        process.stdout.write(
          wantsJson(flags) ? `${JSON.stringify({ url: running.url })}\n` : `Headstart is at ${running.url}\n`,
        );
        await untilStopped(running);
      } catch (error) {
        reportError(error, wantsJson(flags));
      }
    });
}

/** Resolves after Ctrl+C or SIGTERM, when everything is closed; a second signal ends at once. */
export async function untilStopped(running: Running): Promise<void> {
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await running.close();
}
