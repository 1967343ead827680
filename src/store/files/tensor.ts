/**
 * One tensor on disk: `rows.f32` holds the bare floats, row after row, so that reading is reading a file; `rows.sum`
 * holds one check word per row. A row is there exactly if its word is not 0 and fits its bytes. Each row vouches for
 * itself, so a crash in the middle of a write costs the rows of that write and never one that was acknowledged before.
 */
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { Tensor } from '../tensors.ts';
import { toFileError } from './errors.ts';
import { rowHash } from './row-hash.ts';

const FILE_MODE = 0o600;
const WORD = 4;
/** Bytes verified between two turns of the event loop: about a millisecond of hashing. */
const VERIFY_BYTES = 4 * 1024 * 1024;
/** The words file grows by so many zeros at a time: syncing a file that keeps its size spares the journal a commit. */
const SUMS_STEP = 16_384;

/** Consecutive ordinals that go to disk in one piece: `count` rows from row `at` of the input. */
interface Stretch {
  readonly ordinal: number;
  readonly at: number;
  readonly count: number;
}

export class FileTensor implements Omit<Tensor, 'close'> {
  readonly columns: number;
  readonly #data: FileHandle;
  readonly #sums: FileHandle;
  /** The check words in memory; longer than `rows` while there is room to grow. */
  #words: Uint32Array<ArrayBuffer>;
  #rows: number;
  /** Words that the file has room for; those past `rows` are 0. */
  #room: number;
  #filled = 0;
  /** Writes run one after another: two of one row at once could leave a word that fits neither. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  private constructor(columns: number, data: FileHandle, sums: FileHandle, words: Uint32Array<ArrayBuffer>) {
    this.columns = columns;
    this.#data = data;
    this.#sums = sums;
    this.#words = words;
    this.#room = words.length;
    this.#rows = words.findLastIndex((word) => word !== 0) + 1;
  }

  /** Opens the two files of this folder, creating them where they are missing, and verifies every row. */
  static async open(folder: string, columns: number): Promise<{ tensor: FileTensor; damagedRows: number }> {
    const mode = constants.O_RDWR | constants.O_CREAT;
    const data = await open(join(folder, 'rows.f32'), mode, FILE_MODE);
    const sums = await open(join(folder, 'rows.sum'), mode, FILE_MODE);
    const words = new Uint32Array(Math.floor((await sums.stat()).size / WORD));
    await readFully(sums, bytesOf(words), 0);
    const tensor = new FileTensor(columns, data, sums, words);
    return { tensor, damagedRows: await tensor.#verify(0, tensor.rows) };
  }

  get rows(): number {
    return this.#rows;
  }

  get filled(): number {
    return this.#filled;
  }

  has(ordinal: number): boolean {
    return ordinal < this.#rows && this.#words[ordinal] !== 0;
  }

  missing(ordinals: Uint32Array): Uint32Array {
    return ordinals.filter((ordinal) => !this.has(ordinal));
  }

  write(ordinals: Uint32Array, rows: Float32Array): Promise<void> {
    if (rows.length !== ordinals.length * this.columns) {
      throw new Error(`assertion failed: ${rows.length} floats are not ${ordinals.length} rows of ${this.columns}`);
    }
    return this.alone(() => this.#write(ordinals, rows));
  }

  async read(from: number, count: number, into: Float32Array): Promise<void> {
    const size = count * this.columns;
    if (into.length < size) throw new Error(`assertion failed: ${count} rows do not fit into ${into.length} floats`);
    const bytes = bytesOf(into.subarray(0, size));
    const got = await readFully(this.#data, bytes, from * this.columns * WORD);
    bytes.fill(0, got);
    for (let i = 0; i < count; i++) {
      if (!this.has(from + i)) into.fill(0, i * this.columns, (i + 1) * this.columns);
    }
  }

  /** Runs `work` when all writes before it are done and before any that comes later. */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(() => {
      if (this.#closed) throw new AppError('CONFLICT', 'The tensor was deleted or closed.');
      return work();
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.alone(async () => {
      this.#closed = true;
      await this.#data.close();
      await this.#sums.close();
    });
  }

  async #write(ordinals: Uint32Array, rows: Float32Array): Promise<void> {
    const { columns } = this;
    const inputWords = new Int32Array(rows.buffer, rows.byteOffset, rows.length);
    const fresh = new Uint32Array(ordinals.length);
    for (let i = 0; i < fresh.length; i++) fresh[i] = rowHash(inputWords, i * columns, columns);
    const stretches = [...stretchesOf(ordinals)];
    const rowBytes = columns * WORD;
    try {
      await this.#makeRoom(stretches.reduce((most, { ordinal, count }) => Math.max(most, ordinal + count), 0));
      for (const { ordinal, at, count } of stretches) {
        await writeFully(this.#data, bytesOf(rows.subarray(at * columns, (at + count) * columns)), ordinal * rowBytes);
        await writeFully(this.#sums, bytesOf(fresh.subarray(at, at + count)), ordinal * WORD);
      }
      // No order between the two is needed: a word without its row, or a row without its word, is a missing row.
      await Promise.all([this.#data.datasync(), this.#sums.datasync()]);
    } catch (error) {
      for (const { ordinal, count } of stretches) await this.#verify(ordinal, Math.min(this.#rows, ordinal + count));
      throw toFileError(error);
    }
    this.#remember(ordinals, fresh);
  }

  async #makeRoom(words: number): Promise<void> {
    if (words <= this.#room) return;
    const room = Math.ceil(words / SUMS_STEP) * SUMS_STEP;
    await writeFully(this.#sums, new Uint8Array((room - this.#room) * WORD), this.#room * WORD);
    this.#room = room;
  }

  #remember(ordinals: Uint32Array, fresh: Uint32Array): void {
    const height = ordinals.reduce((most, ordinal) => Math.max(most, ordinal + 1), this.#rows);
    if (height > this.#words.length) {
      const longer = new Uint32Array(Math.max(height, this.#words.length * 2));
      longer.set(this.#words);
      this.#words = longer;
    }
    this.#rows = height;
    for (let i = 0; i < ordinals.length; i++) {
      const ordinal = ordinals[i]!;
      if (this.#words[ordinal] === 0) this.#filled++;
      this.#words[ordinal] = fresh[i]!;
    }
  }

  /** Counts the rows of `from .. end` that fit their words, and drops the others. Returns how many were dropped. */
  async #verify(from: number, end: number): Promise<number> {
    const step = Math.max(1, Math.floor(VERIFY_BYTES / (this.columns * WORD)));
    let damaged = 0;
    for (let at = from; at < end; at += step) {
      const count = Math.min(step, end - at);
      const block = new Int32Array(count * this.columns);
      await readFully(this.#data, bytesOf(block), at * this.columns * WORD);
      for (let i = 0; i < count; i++) {
        const word = this.#words[at + i];
        if (word === 0) continue;
        if (rowHash(block, i * this.columns, this.columns) === word) continue;
        this.#words[at + i] = 0;
        damaged++;
      }
    }
    if (damaged > 0) await writeFully(this.#sums, bytesOf(this.#words.subarray(from, end)), from * WORD);
    this.#filled = this.#words.reduce((sum, word) => sum + (word === 0 ? 0 : 1), 0);
    return damaged;
  }
}

function* stretchesOf(ordinals: Uint32Array): Generator<Stretch> {
  for (let at = 0; at < ordinals.length; ) {
    let count = 1;
    while (ordinals[at + count] === ordinals[at]! + count) count++;
    yield { ordinal: ordinals[at]!, at, count };
    at += count;
  }
}

function bytesOf(view: Float32Array | Uint32Array | Int32Array): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}

/** Reads until the buffer is full or the file ends; the answer is how many bytes came. */
async function readFully(file: FileHandle, into: Uint8Array, position: number): Promise<number> {
  let got = 0;
  while (got < into.length) {
    const { bytesRead } = await file.read(into, got, into.length - got, position + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

async function writeFully(file: FileHandle, from: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < from.length; ) {
    const { bytesWritten } = await file.write(from, done, from.length - done, position + done);
    done += bytesWritten;
  }
}
