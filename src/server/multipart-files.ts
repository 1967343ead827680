/** All files of a multipart/form-data upload, one after the other as they come: none is kept in memory. */
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { BusboyFileStream } from '@fastify/busboy';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import { asFormError, openParser } from './multipart.ts';

const FORM_LIMITS = {
  files: LIMITS.uploadFilesMax + 1,
  fields: 20,
  fieldSize: 10_000,
  headerPairs: 50,
  parts: LIMITS.uploadFilesMax + 21,
};

export interface FormFile {
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array>;
}

/** Each body must be read before the next file is asked for. Throws INPUT_BAD_FIELD for a form that is cut off. */
export async function* uploadedFiles(
  contentType: string,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<FormFile, void, undefined> {
  const parser = openParser(contentType, FORM_LIMITS);
  const abort = new AbortController();
  const arrived: { name: string; stream: BusboyFileStream }[] = [];
  let current: BusboyFileStream | undefined;
  let ended: { error: unknown } | 'well' | null = null;
  let wake = (): void => undefined;

  // Whoever reads a file meets the error there; one that nobody is reading must not end the process.
  parser.on('error', () => undefined);
  parser.on('file', (_field, stream, name) => {
    stream.on('error', () => undefined);
    arrived.push({ name: name ?? '', stream });
    wake();
  });
  pipeline(Readable.from(source, { objectMode: false }), parser, { signal: abort.signal }).then(
    () => {
      ended = 'well';
      wake();
    },
    (error: unknown) => {
      ended = { error };
      for (const stream of [current, ...arrived.map((one) => one.stream)]) stream?.destroy(error as Error);
      wake();
    },
  );
  const failure = (): unknown => (ended !== null && ended !== 'well' ? ended.error : null);
  try {
    for (;;) {
      if (failure()) throw asFormError(failure());
      const file = arrived.shift();
      if (file) {
        current = file.stream;
        yield { name: file.name, body: bodyOf(file.stream) };
      } else if (ended) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    abort.abort();
  }
}

async function* bodyOf(stream: BusboyFileStream): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of stream) yield chunk as Uint8Array;
  } catch (error) {
    throw error instanceof AppError ? error : asFormError(error);
  }
}
