/** What every part of the store stands on. */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Engine } from './engine.ts';

export interface Context {
  readonly engine: Engine;
  readonly clock: Clock;
}

/** The row, or NOT_FOUND. The answer is the same for what never was and for what is out of sight. */
export function found<T>(row: T | undefined, what: string, id: number | string): T {
  if (row === undefined) throw new AppError('NOT_FOUND', `There is no ${what} ${id}.`, { details: { [what]: id } });
  return row;
}
