/** Errors of the file system as errors that a user can act on. */
import { AppError } from '../../core/errors.ts';

/** No space, over quota, over the process's file size limit. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** A folder that cannot be used as one, or not by this user. */
const UNUSABLE = new Set(['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST']);

export function toFileError(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (FULL.has(code)) {
    const message = 'The disk is full; nothing was changed. Free some space and try again.';
    return new AppError('STORE_FULL', message, { details: { reason: code }, cause: error });
  }
  if (UNUSABLE.has(code)) {
    return new AppError('CONFIG_BAD_VALUE', `The data folder cannot be used: ${(error as Error).message}.`, {
      details: { reason: code },
      cause: error,
    });
  }
  if (code === 'EIO') {
    return new AppError('STORE_CORRUPT', 'The disk cannot read or write a tensor file.', { cause: error });
  }
  return error;
}
