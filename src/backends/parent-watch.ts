/** Ends a host whose parent is gone, also while a model blocks the host's only loop. */
import { Worker } from 'node:worker_threads';

const CHECK_MS = 500;

/**
 * The `disconnect` event covers an idle host. A hung native call never returns to the loop, so a thread of its own
 * looks whether the parent is still the one that started us.
 */
export function watchParent(): void {
  const source = `
    const parent = process.ppid;
    setInterval(() => process.ppid === parent || process.kill(process.pid, 'SIGKILL'), ${CHECK_MS});
  `;
  const worker = new Worker(source, { eval: true, stdin: false });
  worker.unref();
}
