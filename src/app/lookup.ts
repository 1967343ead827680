/** Finding things by id, or saying that they are not there in the words every route shares. */
import { AppError } from '../core/errors.ts';

export async function found<T>(what: string, id: number, row: Promise<T | undefined>): Promise<T> {
  const value = await row;
  if (value === undefined) throw notFound(what, id);
  return value;
}

export function notFound(what: string, id: number): AppError {
  return new AppError('NOT_FOUND', `There is no ${what} ${id}.`, { details: { what, id } });
}
