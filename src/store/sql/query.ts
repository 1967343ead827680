/**
 * Queries that are built and compiled once and then run with new values: building one anew costs ten times as much
 * as SQLite needs to answer it. Values are named by `p.name` while building, which puts a marker where the value goes.
 */
import type { Compilable, CompiledQuery, DialectAdapter } from 'kysely';
import type { Database } from './schema.ts';

/** Stands in a compiled query where a value goes: a named one, or the n-th of a list. */
class Slot {
  readonly key: string | number;
  constructor(key: string | number) {
    this.key = key;
  }
}

type Values = Readonly<Record<string, unknown>>;

export interface Query<P, R> {
  all(db: Database, values: P): Promise<R[]>;
  first(db: Database, values: P): Promise<R | undefined>;
  /** Runs a statement that returns no rows; the answer is how many rows it changed. */
  run(db: Database, values: P): Promise<number>;
}

/** A query with named values: `query<{ id: number }>()((db, p) => db.selectFrom('tasks').where('id', '=', p.id)...)`. */
export function query<P extends object>() {
  return <R>(build: (db: Database, p: P) => Compilable<R>): Query<P, R> => {
    const compiled = compiledOnce((db) => build(db, slots<P>()));
    const execute = (db: Database, values: P) => db.executeQuery(bind(compiled(db), values as Values, []));
    return {
      all: async (db, values) => (await execute(db, values)).rows,
      first: async (db, values) => (await execute(db, values)).rows[0],
      run: async (db, values) => Number((await execute(db, values)).numAffectedRows ?? 0n),
    };
  };
}

/** Longest list that one statement takes; longer ones are cut by the caller with `chunks`. */
export const LIST_MAX = 512;
const LIST_SIZES = [1, 8, 64, LIST_MAX];
const NOBODY = -1;

export interface ListQuery<P, R> {
  all(db: Database, values: P, ids: readonly number[]): Promise<R[]>;
  run(db: Database, values: P, ids: readonly number[]): Promise<number>;
}

/**
 * A query over a list of at most LIST_MAX ids or ordinals. It is compiled for a few lengths; a list in between is
 * filled up with a number that no row has.
 */
export function listQuery<P extends object>() {
  return <R>(build: (db: Database, ids: readonly number[], p: P) => Compilable<R>): ListQuery<P, R> => {
    const bySize = LIST_SIZES.map((size) =>
      compiledOnce((db) => {
        const ids = Array.from({ length: size }, (_, i) => new Slot(i));
        return build(db, ids as unknown as readonly number[], slots<P>());
      }),
    );
    const execute = (db: Database, values: P, ids: readonly number[]) => {
      const fitting = LIST_SIZES.findIndex((size) => ids.length <= size);
      const compiled = bySize[fitting];
      if (!compiled) throw new Error(`assertion failed: a list of ${ids.length} ids is too long for one statement`);
      return db.executeQuery(bind(compiled(db), values as Values, ids));
    };
    return {
      all: async (db, values, ids) => (ids.length === 0 ? [] : (await execute(db, values, ids)).rows),
      run: async (db, values, ids) =>
        ids.length === 0 ? 0 : Number((await execute(db, values, ids)).numAffectedRows ?? 0n),
    };
  };
}

const ROW_COUNTS = [256, 32, 4, 1];

/**
 * A statement that takes many rows at once: `build` gets as many rows of markers as it is to insert. Returns a function
 * over one flat array of values, row after row, in the order of `columns`; the answer is how many rows changed.
 */
export function rowsQuery<C extends string>(
  columns: readonly C[],
  build: (db: Database, rows: Record<C, never>[]) => Compilable<unknown>,
): (db: Database, flat: readonly unknown[]) => Promise<number> {
  const width = columns.length;
  const byCount = ROW_COUNTS.map((count) => ({
    length: count * width,
    compiled: compiledOnce((db) => build(db, markedRows(columns, count))),
  }));
  return async (db, flat) => {
    let changed = 0;
    for (let at = 0; at < flat.length; ) {
      const { length, compiled } = byCount.find((one) => one.length <= flat.length - at)!;
      const parameters = at === 0 && length === flat.length ? flat : flat.slice(at, at + length);
      const result = await db.executeQuery({ ...compiled(db), parameters });
      changed += Number(result.numAffectedRows ?? 0n);
      at += length;
    }
    return changed;
  };
}

function markedRows<C extends string>(columns: readonly C[], count: number): Record<C, never>[] {
  let next = 0;
  return Array.from(
    { length: count },
    () => Object.fromEntries(columns.map((column) => [column, new Slot(next++)])) as Record<C, never>,
  );
}

/** Compiles at the first use, once per engine: engines differ in their SQL. */
function compiledOnce<R>(build: (db: Database) => Compilable<R>): (db: Database) => CompiledQuery<R> {
  const known = new WeakMap<DialectAdapter, CompiledQuery<R>>();
  return (db) => {
    const { adapter } = db.getExecutor();
    let compiled = known.get(adapter);
    if (!compiled) {
      compiled = build(db).compile();
      known.set(adapter, compiled);
    }
    return compiled;
  };
}

function slots<P>(): P {
  return new Proxy({}, { get: (_, name) => new Slot(String(name)) }) as P;
}

function bind<R>(compiled: CompiledQuery<R>, values: Values, ids: readonly number[]): CompiledQuery<R> {
  const parameters = compiled.parameters.map((one) => {
    if (!(one instanceof Slot)) return one;
    return typeof one.key === 'number' ? (ids[one.key] ?? NOBODY) : values[one.key];
  });
  return { ...compiled, parameters };
}
