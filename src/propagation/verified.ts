/** Items that people labeled for checking, not for teaching: what choices and promises stand on. */
import { AppError } from '../core/errors.ts';
import type { Spread } from './methods/spread.ts';

/** Items drawn at random from everything unlabeled (the random slice), with the class that people gave them. */
export interface Verified {
  readonly items: ArrayLike<number>;
  readonly classes: ArrayLike<number>;
}

export const NOTHING_VERIFIED: Verified = { items: [], classes: [] };

/** Throws INPUT_BAD_FIELD for lists of different length, or items or classes that do not exist. */
export function checkVerified({ items, classes }: Verified, { confidence, classCount }: Spread): void {
  let fits = items.length === classes.length;
  for (let v = 0; fits && v < items.length; v++) {
    fits = confidence[items[v]!] !== undefined && Number.isInteger(classes[v]) && classes[v]! >= 0;
    fits &&= classes[v]! < classCount;
  }
  if (fits) return;
  throw new AppError('INPUT_BAD_FIELD', 'The verified items name an item or class that does not exist.', {
    details: { field: 'verified' },
  });
}
