/** What the library remembers between starts: one JSON file, written whole or not at all. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { ModelEntry } from '../manifest.ts';
import type { LibraryEvent } from './library.ts';

export interface LibraryRecord {
  readonly format: typeof FORMAT;
  /** By `name@version`. */
  readonly versions: Readonly<Record<string, RecordedVersion>>;
  /** Name -> version. */
  readonly serving: Readonly<Record<string, string>>;
  readonly shadows: Readonly<Record<string, string>>;
  readonly events: readonly LibraryEvent[];
  /** sha-256 of an address (it may carry a key) -> sha-256 of what it gave first. */
  readonly pins: Readonly<Record<string, string>>;
}

export interface RecordedVersion {
  /** Its source is the folder it lies in, wherever the data folder is now. */
  readonly entry: Omit<ModelEntry, 'source'>;
  readonly origin: string;
  readonly addedAt: string;
  readonly assumed: readonly string[];
}

const FORMAT = 'headstart-models/1';
/** Older ones go: the file is read as a whole. */
const EVENTS_MAX = 10_000;

const EMPTY: LibraryRecord = { format: FORMAT, versions: {}, serving: {}, shadows: {}, events: [], pins: {} };

const PARTS = ['versions', 'serving', 'shadows', 'events', 'pins'] as const;

/** Throws STORE_CORRUPT for a file that is none of ours. */
export function readRecord(file: string): LibraryRecord {
  if (!existsSync(file)) return EMPTY;
  try {
    const record = JSON.parse(readFileSync(file, 'utf8')) as LibraryRecord;
    if (record.format === FORMAT && PARTS.every((part) => typeof record[part] === 'object')) return record;
  } catch {
    // Told below.
  }
  const remedy = 'put a copy of it back, or move it away and add the models again';
  throw new AppError('STORE_CORRUPT', `The record of added models, '${file}', is damaged; ${remedy}.`, {
    details: { file },
  });
}

export function writeRecord(file: string, record: LibraryRecord): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const kept = { ...record, events: record.events.slice(-EVENTS_MAX) };
  writeFileSync(`${file}.new`, `${JSON.stringify(kept, null, 1)}\n`, { mode: 0o600, flush: true });
  renameSync(`${file}.new`, file);
}
