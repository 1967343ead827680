/** What runs in the thread of `signature-thread.ts`: reads one file and ends. */
import { parentPort, workerData } from 'node:worker_threads';
import { toAppError } from '../core/errors.ts';
import { readWhole } from './file-hash.ts';
import { readSignature } from './onnx-signature.ts';
import type { SignatureAnswer } from './signature-thread.ts';

const { path } = workerData as { path: string };
let answer: SignatureAnswer;
try {
  answer = { signature: readSignature(await readWhole(path)) };
} catch (error) {
  answer = { error: toAppError(error).toPlain() };
}
parentPort!.postMessage(answer);
