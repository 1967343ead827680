/** Ends a host that nobody needs or that grew too large, also while a model blocks the host's only loop. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Looking costs a tenth of a millisecond. A model takes a few gigabytes a second at the most: near the cap, what it takes
 * between two looks is some per cent of it.
 */
const CHECK_MS = { calm: 100, near: 10 };
/** Share of the cap from which on it is near. */
const NEAR_SHARE = 0.5;

export interface HostWatch {
  /** Changes the cap. */
  allow(bytesMax: number): void;
}

/**
 * A thread of its own looks whether the parent is still the one that started us: the `disconnect` event covers an idle
 * host only, a hung native call never returns to the loop. The same thread ends the process when its resident memory
 * passes the cap; by SIGUSR2, which nobody else sends, so that the running batch is blamed and halved. The cap lies in
 * shared memory, since a message would wait for the loop that the model blocks.
 * Resolves when the thread runs: no model may start before, since starting a thread takes turns of the loop.
 */
export async function watchHost(bytesMax: number): Promise<HostWatch> {
  const cap = new Float64Array(new SharedArrayBuffer(8));
  cap[0] = bytesMax;
  const source = `
    const cap = require('node:worker_threads').workerData;
    const parent = process.ppid;
    const look = () => {
      if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL');
      const resident = process.memoryUsage.rss();
      if (resident > cap[0]) process.kill(process.pid, 'SIGUSR2');
      setTimeout(look, resident > ${NEAR_SHARE} * cap[0] ? ${CHECK_MS.near} : ${CHECK_MS.calm});
    };
    look();
  `;
  const worker = new Worker(source, { eval: true, stdin: false, workerData: cap });
  await once(worker, 'online');
  worker.unref();
  return {
    allow(bytes) {
      cap[0] = bytes;
    },
  };
}
