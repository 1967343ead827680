/** Ends a host that nobody needs or that grew too large, also while a model blocks the host's only loop. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const CHECK_MS = 200;

/**
 * A thread of its own looks whether the parent is still the one that started us: the `disconnect` event covers an idle
 * host only, a hung native call never returns to the loop. The same thread ends the process when its resident memory
 * passes the cap; by SIGUSR2, which nobody else sends, so that the running batch is blamed and halved.
 * Resolves when the thread runs: no model may start before, since starting a thread takes turns of the loop.
 */
export async function watchHost(bytesMax: number): Promise<void> {
  const source = `
    const parent = process.ppid;
    setInterval(() => {
      if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
      if (process.memoryUsage.rss() > ${bytesMax}) process.kill(process.pid, 'SIGUSR2');
    }, ${CHECK_MS});
  `;
  const worker = new Worker(source, { eval: true, stdin: false });
  await once(worker, 'online');
  worker.unref();
}
