/** `headstart serve`: the server over a data folder, until it is told to stop. */
import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import { startServer } from '../../local-server.ts';
import { withAddress, withCommon } from '../flags.ts';
import { reportError } from '../output.ts';
import { type CommonFlags, wantsJson } from '../session.ts';

export function addServe(program: Command): void {
  withAddress(withCommon(program.command('serve')))
    .description('serve the data folder')
    .option('--local-files <folder>', 'let tasks show files below this folder as /data/local-files?d=...')
    .option(
      '--allow-address <list>',
      'addresses inside your network that media may be fetched from, like 10.0.0.5:9000',
    )
    .option('--require-tokens', 'ask for tokens on loopback too')
    .action(async (flags: CommonFlags) => {
      try {
        const running = await startServer(readConfig(flags));
        process.stdout.write(
          wantsJson(flags) ? `${JSON.stringify({ url: running.url })}\n` : `Headstart is at ${running.url}\n`,
        );
        await stopSignal();
        await running.close();
      } catch (error) {
        reportError(error, wantsJson(flags));
      }
    });
}

/** Resolves after Ctrl+C or SIGTERM; a second signal ends at once. */
export function stopSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
