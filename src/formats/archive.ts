/** Zip files of folder formats: written as a stream, read under limits that hold for what really comes out. */
import { strToU8, Unzip, type UnzipFile, UnzipInflate, Zip, ZipDeflate } from 'fflate';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { Bytes, InputFile, OutputFile } from './format.ts';

/** The same files give the same bytes: the earliest time that zip can say. */
const FIXED_TIME = new Date(1980, 0, 1, 0, 0, 0);

/** A file of a zip; large ones come in pieces. */
export interface ZipEntry {
  readonly path: string;
  readonly content: OutputFile['content'] | AsyncIterable<string | Uint8Array>;
}

/** One zip of `files`, in pieces as they are made. */
export async function* zipFiles(files: AsyncIterable<ZipEntry> | Iterable<ZipEntry>): AsyncGenerator<Uint8Array> {
  let ready: Uint8Array[] = [];
  let failure: Error | null = null;
  const zip = new Zip((error, piece) => {
    if (error) failure = error;
    else ready.push(piece);
  });
  const flush = function* (): Generator<Uint8Array> {
    if (failure !== null) throw failure;
    const pieces = ready;
    ready = [];
    yield* pieces;
  };
  for await (const { path, content } of files) {
    const entry = new ZipDeflate(path, { level: 6 });
    entry.mtime = FIXED_TIME;
    zip.add(entry);
    for await (const piece of isWhole(content) ? [content] : content) {
      entry.push(typeof piece === 'string' ? strToU8(piece) : piece, false);
      yield* flush();
    }
    entry.push(new Uint8Array(0), true);
    yield* flush();
  }
  zip.end();
  yield* flush();
}

function isWhole(content: ZipEntry['content']): content is OutputFile['content'] {
  return typeof content === 'string' || content instanceof Uint8Array;
}

/** Compressed bytes unpacked at once: at the ratio of the worst bomb 4 MB come out before the limits are looked at. */
const STEP_BYTES = 4096;

/**
 * The files of a zip, in memory. Throws LIMIT_SIZE for too many entries, too many bytes or a suspicious ratio, counted
 * on what comes out and not on what the headers say; INPUT_BAD_FORMAT for damaged zips, names that lead outside and
 * names that are there twice. Nothing is ever written to a disk, so links are files like all others.
 */
export async function unzipFiles(bytes: Bytes): Promise<InputFile[]> {
  const unpacking = new Unpacking();
  for await (const chunk of bytes) {
    for (let at = 0; at < chunk.length; at += STEP_BYTES) unpacking.push(chunk.subarray(at, at + STEP_BYTES), false);
  }
  unpacking.push(new Uint8Array(0), true);
  return unpacking.files();
}

interface Entry {
  readonly parts: Uint8Array[];
  complete: boolean;
}

class Unpacking {
  readonly #entries = new Map<string, Entry>();
  readonly #unzip = new Unzip((file) => this.#begin(file));
  /** Thrown out of the callbacks only after the library has returned. */
  #fault: AppError | null = null;
  #packed = 0;
  #unpacked = 0;
  #seen = 0;

  constructor() {
    this.#unzip.register(UnzipInflate);
  }

  push(chunk: Uint8Array, final: boolean): void {
    this.#packed += chunk.length;
    try {
      this.#unzip.push(chunk, final);
    } catch (error) {
      this.#fault ??= damaged((error as Error).message);
    }
    if (this.#fault !== null) throw this.#fault;
  }

  files(): InputFile[] {
    if (this.#seen === 0) throw damaged('it holds no files');
    const cut = [...this.#entries].find(([, entry]) => !entry.complete);
    if (cut !== undefined) throw damaged(`"${cut[0]}" is cut off`);
    return [...this.#entries].map(([path, { parts }]) => ({ path, bytes: parts }));
  }

  #begin(file: UnzipFile): void {
    this.#seen += 1;
    if (this.#fault !== null) return;
    if (this.#seen > LIMITS.archiveEntriesMax) {
      this.#fault = tooMuch('files', LIMITS.archiveEntriesMax);
      return;
    }
    if (file.name.endsWith('/')) return;
    const reason = this.#entries.has(file.name) ? 'is there twice' : badName(file.name);
    if (reason !== null) {
      this.#fault = damaged(`the file name ${JSON.stringify(file.name.slice(0, 100))} ${reason}`);
      return;
    }
    const entry: Entry = { parts: [], complete: false };
    this.#entries.set(file.name, entry);
    file.ondata = (error, part, final) => this.#receive(entry, error, part, final);
    file.start();
  }

  #receive(entry: Entry, error: Error | null, part: Uint8Array, final: boolean): void {
    if (this.#fault !== null) return;
    if (error) {
      this.#fault = damaged(error.message);
      return;
    }
    this.#unpacked += part.length;
    if (this.#unpacked > LIMITS.archiveBytesMax) this.#fault = tooMuch('bytes unpacked', LIMITS.archiveBytesMax);
    // Small archives may be dense without doing harm.
    const dense = this.#unpacked > LIMITS.archiveRatioMax * Math.max(this.#packed, STEP_BYTES);
    if (dense) this.#fault ??= tooMuch('times its own size unpacked', LIMITS.archiveRatioMax);
    if (this.#fault !== null) return;
    if (part.length > 0) entry.parts.push(part.slice());
    entry.complete = final;
  }
}

/** Why a name may not be used, or null: relative, with slashes, no way up. */
function badName(name: string): string | null {
  if (name === '' || name.includes('\0')) return 'is no name';
  if (/^([/\\]|[A-Za-z]:)/.test(name) || name.includes('\\')) return 'is not relative with forward slashes';
  return name.split('/').some((part) => part === '..' || part === '.' || part === '')
    ? 'leads outside of its folder'
    : null;
}

function damaged(reason: string): AppError {
  return new AppError('INPUT_BAD_FORMAT', `The zip cannot be used: ${reason}.`, { details: { reason } });
}

function tooMuch(what: string, limit: number): AppError {
  return new AppError('LIMIT_SIZE', `The zip holds more than ${limit} ${what}.`, { details: { limit, what } });
}
