/** A full disk in our words. */
import { AppError } from './errors.ts';

/** No room: on the disk, in the quota, or in what the operator allows one file to hold. */
const FULL_CODES: readonly unknown[] = ['ENOSPC', 'EDQUOT', 'EFBIG'];

export function diskError(error: unknown): unknown {
  const full = error instanceof Error && 'code' in error && FULL_CODES.includes(error.code);
  return full
    ? new AppError('STORE_FULL', 'The disk is full; the file was not kept. Free some space and try again.', {
        cause: error,
      })
    : error;
}
