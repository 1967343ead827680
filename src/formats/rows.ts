/** Row errors: how every reader names the place, and how it goes on behind a bad row when it may. */
import { AppError } from '../core/errors.ts';
import type { ReadOptions } from './format.ts';

export interface RowPlace {
  readonly row: number;
  readonly line: number;
  readonly column?: number | string;
}

/** INPUT_BAD_ROW with row, line and reason. `reason` is a clause: "has 2 cells, the header has 3". */
export function rowError(place: RowPlace, reason: string, cause?: unknown): AppError {
  const column = place.column === undefined ? '' : `, column ${place.column}`;
  return new AppError('INPUT_BAD_ROW', `Row ${place.row} (line ${place.line}${column}) ${reason}.`, {
    details: { ...place, reason },
    cause,
  });
}

/** A problem with what a row holds; readers catch it and add the place. */
export class RowFault extends Error {}

/** The value of `make`, or null when it failed and `onBadRow` took the error. A RowFault becomes INPUT_BAD_ROW. */
export function tryRow<T>(place: RowPlace, options: ReadOptions, make: () => T): T | null {
  try {
    return make();
  } catch (error) {
    const named = error instanceof RowFault ? rowError(place, error.message) : error;
    if (!(named instanceof AppError) || options.onBadRow === undefined) throw named;
    options.onBadRow(named);
    return null;
  }
}
