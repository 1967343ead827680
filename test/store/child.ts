/** Starts `writer-main.ts` in a process of its own and listens to what it prints. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Writer {
  readonly process: ChildProcess;
  /** Everything it has printed so far, a line each. */
  readonly lines: readonly string[];
  /** Resolves once it has printed that many lines, or ended. */
  printed(lines: number): Promise<void>;
  /** SIGKILL, and wait until it is gone. */
  kill(): Promise<void>;
}

/** `fileBytesMax` limits the size of every file it writes, which is how a full disk looks to it. */
export function startWriter(folder: string, mode: 'hold' | 'write', fileBytesMax?: number): Writer {
  const node = [process.execPath, '--import', 'tsx', join(import.meta.dirname, 'writer-main.ts'), folder, mode];
  const limit = fileBytesMax === undefined ? '' : `ulimit -f ${Math.floor(fileBytesMax / 512)}; `;
  const child = spawn('sh', ['-c', `${limit}exec "$@"`, 'sh', ...node], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  const lines: string[] = [];
  let look = (): void => {};
  createInterface({ input: child.stdout! }).on('line', (line) => {
    lines.push(line);
    look();
  });
  return {
    process: child,
    lines,
    printed: (count) =>
      new Promise((resolve) => {
        look = () => lines.length >= count && resolve();
        look();
        void ended.then(() => resolve());
      }),
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
