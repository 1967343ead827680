/** A real server in a process of its own, whose event loop can be watched while others keep it busy. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { ModelEntry } from '../src/backends/manifest.ts';

/** Delays of the event loop in milliseconds, what the timer itself adds left out. */
export interface LoopDelays {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly count: number;
}

export interface WatchedServer {
  readonly url: string;
  readonly secret: string;
  readonly pid: number;
  watch(): Promise<void>;
  /** Since the last `watch`. */
  report(): Promise<LoopDelays>;
  close(): Promise<void>;
}

/** @param models served beside those of the manifest */
export async function startWatchedServer(folder: string, models: readonly ModelEntry[] = []): Promise<WatchedServer> {
  const main = join(import.meta.dirname, 'watched-server-main.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', main, folder, JSON.stringify(models)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async <T>(): Promise<T> => JSON.parse(String((await lines.next()).value)) as T;
  const ask = <T>(command: string): Promise<T> => {
    child.stdin.write(`${command}\n`);
    return read<T>();
  };
  const { url, secret } = await read<{ url: string; secret: string }>();
  return {
    url,
    secret,
    pid: child.pid!,
    watch: async () => void (await ask('watch')),
    report: () => ask<LoopDelays>('report'),
    async close() {
      child.stdin.end('stop\n');
      await ended;
    },
  };
}
