/** What runs in the thread of `checkpoints.ts`: one connection that does nothing but checkpoints. */
import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from './open.ts';

export type CheckpointWish = 'checkpoint' | 'close';

const connection = openDatabase((workerData as { file: string }).file);

parentPort!.on('message', (wish: CheckpointWish) => {
  if (wish === 'close') {
    connection.close();
    parentPort!.close();
    return;
  }
  let failure: string | undefined;
  try {
    connection.exec('pragma wal_checkpoint(passive)');
  } catch (error) {
    failure = String(error);
  }
  parentPort!.postMessage(failure);
});
