/** The call sizes measured on this machine, kept in the data folder. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { stableHash } from '../core/json.ts';
import type { TuningBook } from './tuning.ts';

/** Entries of other processors stay: folders travel between machines. */
type Sizes = Record<string, number>;

/** A file that cannot be read counts as empty: everything in it can be measured again within seconds. */
export function openTuningFile(file: string, machine = machineName()): TuningBook {
  const sizes = read(file);
  const key = (model: string): string => `${machine}/${model}`;
  return {
    get: (model) => sizes[key(model)],
    set(model, size) {
      sizes[key(model)] = size;
      // A crash leaves the old file or the new one.
      writeFileSync(`${file}.new`, `${JSON.stringify(sizes, null, 2)}\n`);
      renameSync(`${file}.new`, file);
    },
  };
}

/** The kind of processor: what makes another call size the best one. */
function machineName(): string {
  return stableHash({ arch: process.arch, cpu: cpus()[0]?.model ?? 'unknown' }).slice(0, 12);
}

function read(file: string): Sizes {
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const entries = Object.entries(found as object).filter(([, size]) => Number.isInteger(size) && size > 0);
    return Object.fromEntries(entries) as Sizes;
  } catch {
    return {};
  }
}
