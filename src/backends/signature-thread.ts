/** Reads a signature in a thread of its own: a graph of a million parts takes seconds, and others wait for the server. */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { entryFile } from '../core/entry.ts';
import { AppError, type PlainError } from '../core/errors.ts';
import type { OnnxSignature } from './onnx-signature.ts';

export type SignatureAnswer = { readonly signature: OnnxSignature } | { readonly error: PlainError };

/** Throws what `readSignature` throws. */
export async function signatureOf(path: string): Promise<OnnxSignature> {
  const worker = new Worker(entryFile(import.meta.url, './signature-worker.ts'), { workerData: { path } });
  const [answer] = (await once(worker, 'message')) as [SignatureAnswer];
  if ('error' in answer) throw AppError.fromPlain(answer.error);
  return answer.signature;
}
