/** The one file of a multipart/form-data upload, as a stream: nothing is kept in memory or on disk here. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Busboy, type BusboyConfig, type BusboyFileStream, type BusboyInstance } from '@fastify/busboy';
import { AppError } from '../core/errors.ts';

export interface UploadedFile {
  readonly name: string;
  readonly mediaType: string;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Form fields beside the file are allowed and ignored: options stand in the address. */
const FORM_LIMITS = { files: 2, fields: 20, fieldSize: 10_000, headerPairs: 50, parts: 30 };

/**
 * Resolves when the file begins. Its body throws at the end when a second file follows, before the reader has seen the
 * end of the first: an import is all or nothing.
 */
export function uploadedFile(contentType: string, source: AsyncIterable<Uint8Array>): Promise<UploadedFile> {
  return new Promise((resolve, reject) => {
    const parser = openParser(contentType, FORM_LIMITS);
    let files = 0;
    let current: BusboyFileStream | undefined;
    const abort = new AbortController();
    const parsed = pipeline(Readable.from(source, { objectMode: false }), parser, { signal: abort.signal });

    // The reader of the file meets the error there; while nobody reads yet, it must not end the process.
    parser.on('error', () => undefined);
    parser.on('file', (_field, stream, name, _encoding, mediaType) => {
      stream.on('error', () => undefined);
      files++;
      if (files > 1) return void stream.resume();
      current = stream;
      resolve({ name: name ?? '', mediaType, body: bodyOf(stream, parsed, () => files, abort) });
    });
    parsed.then(
      () => reject(new AppError('INPUT_EMPTY', 'The form holds no file.')),
      (error: unknown) => {
        current?.destroy(error as Error);
        reject(asFormError(error));
      },
    );
  });
}

async function* bodyOf(
  stream: BusboyFileStream,
  parsed: Promise<void>,
  files: () => number,
  abort: AbortController,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
    await parsed;
  } catch (error) {
    throw asFormError(error);
  } finally {
    abort.abort();
  }
  if (files() > 1) {
    throw new AppError('INPUT_BAD_FIELD', 'Send one file at a time; nothing was imported.', {
      details: { field: 'file' },
    });
  }
}

export function openParser(contentType: string, limits: BusboyConfig['limits']): BusboyInstance {
  try {
    return new Busboy({ headers: { 'content-type': contentType }, limits });
  } catch (error) {
    throw asFormError(error);
  }
}

export function asFormError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError('INPUT_BAD_FIELD', 'The body is not a complete multipart/form-data form.', {
    details: { field: 'content-type' },
    cause: error,
  });
}
