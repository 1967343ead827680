/** SQLite's result codes as errors that a user can act on. */
import { AppError, type ErrorCode } from '../../core/errors.ts';

/** Primary result codes, https://sqlite.org/rescode.html. */
const PRIMARY: Readonly<Record<number, ErrorCode>> = {
  5: 'STORE_BUSY', // SQLITE_BUSY
  6: 'STORE_BUSY', // SQLITE_LOCKED
  10: 'STORE_FULL', // SQLITE_IOERR: writing beyond a quota or a size limit is reported as this
  11: 'STORE_CORRUPT', // SQLITE_CORRUPT
  13: 'STORE_FULL', // SQLITE_FULL
  26: 'STORE_CORRUPT', // SQLITE_NOTADB
};

/** Extended codes of SQLITE_IOERR that are about reading: the file is shorter than it says, or the disk fails. */
const READ_ERRORS = new Set([266, 522, 8458]);
const FOREIGN_KEY = 787;
const CONSTRAINT = 19;

const MESSAGES: Partial<Record<ErrorCode, string>> = {
  STORE_BUSY: 'The data folder is in use by another process.',
  STORE_FULL: 'The disk is full; nothing was changed. Free some space and try again.',
  STORE_CORRUPT: 'The database in the data folder is damaged.',
  NOT_FOUND: 'There is no such thing: the write names a row that does not exist.',
  CONFLICT: 'The write contradicts a row that is already there.',
};

/** Errors of the engine become AppErrors; all others pass through. */
export function toStoreError(error: unknown): unknown {
  const result = sqliteCode(error);
  if (result === undefined) return error;
  const code = codeOf(result);
  if (code === undefined) return error;
  return new AppError(code, MESSAGES[code] ?? String(error), { details: { sqlite: result }, cause: error });
}

function codeOf(result: number): ErrorCode | undefined {
  if (result === FOREIGN_KEY) return 'NOT_FOUND';
  if ((result & 0xff) === CONSTRAINT) return 'CONFLICT';
  if (READ_ERRORS.has(result)) return 'STORE_CORRUPT';
  return PRIMARY[result & 0xff];
}

/** `all()` of the package throws without a result code, so its texts are read: they are part of SQLite's interface. */
const BY_TEXT: readonly (readonly [text: string, code: number])[] = [
  ['FOREIGN KEY constraint failed', FOREIGN_KEY],
  ['constraint failed', CONSTRAINT],
  ['database or disk is full', 13],
  ['disk I/O error', 10],
  ['database disk image is malformed', 11],
  ['file is not a database', 26],
  ['is locked', 5],
];

function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_SQLITE_ERROR') return undefined;
  if ('errcode' in error && typeof error.errcode === 'number') return error.errcode;
  return BY_TEXT.find(([text]) => error.message.includes(text))?.[1];
}
