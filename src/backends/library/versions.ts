/** Versions as the library lists them, and what its record says of their past. */
import { readdir } from 'node:fs/promises';
import { AppError } from '../../core/errors.ts';
import type { ModelInfo } from '../backend.ts';
import { type ModelEntry, modelInfo } from '../manifest.ts';
import type { LibraryVersion } from './library.ts';
import type { LibraryRecord } from './record.ts';

/**
 * The version of this name that served before this one, if it is still there. Whoever goes back twice comes two versions
 * back, and not to the one that he left.
 */
export function servedBefore({ events, versions }: LibraryRecord, { name, version }: ModelInfo): string | undefined {
  const line: string[] = [];
  for (const { name: of, version: to, act } of events) {
    if (of !== name) continue;
    if (act === 'rolled back') line.length = Math.max(0, line.lastIndexOf(to));
    if (act === 'served' || act === 'rolled back') line.push(to);
  }
  return line.findLast((one) => one !== version && `${name}@${one}` in versions);
}

export function builtinVersion(entry: ModelEntry): LibraryVersion {
  return {
    info: modelInfo(entry),
    entry,
    builtin: true,
    serving: true,
    shadow: false,
    origin: entry.source.type === 'npm' ? `npm:${entry.source.package}` : 'built in',
    addedAt: null,
    assumed: [],
  };
}

/** From the model file, where it says more than `model.onnx`. */
export async function nameFrom(folder: string): Promise<string> {
  const file = (await readdir(folder)).find((name) => name.toLowerCase().endsWith('.onnx')) ?? '';
  const stem = file
    .slice(0, -'.onnx'.length)
    .toLowerCase()
    .replace(/[^a-z0-9.]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  if (stem !== '' && stem !== 'model') return stem;
  throw new AppError('INPUT_BAD_FIELD', 'Give the model a name; its file does not have one.', {
    details: { field: 'name' },
  });
}

export function without(map: Readonly<Record<string, string>>, { name, version }: { name: string; version: string }) {
  return Object.fromEntries(Object.entries(map).filter(([key, value]) => key !== name || value !== version));
}

export function nameOf(id: string): string {
  return id.split('@', 1)[0]!;
}

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
