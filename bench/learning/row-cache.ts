/** Rows of real sets take minutes to embed: kept below `.cache/` by set and version of what made them. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CACHE = join(import.meta.dirname, '../../.cache/learning');

export async function cachedRows(
  set: string,
  version: string,
  make: () => Promise<Float32Array>,
): Promise<Float32Array> {
  const file = join(CACHE, `${set}-${version}.f32`);
  if (existsSync(file)) return new Float32Array(readFileSync(file).buffer.slice(0));
  const rows = await make();
  mkdirSync(CACHE, { recursive: true });
  writeFileSync(file, rows);
  return rows;
}
