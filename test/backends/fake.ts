/** A pool over the misbehaving runtime, closed at the end of the test whatever happens. */
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { InferenceItem, InferencePool } from '../../src/backends/backend.ts';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import { createInferencePool, type PoolOptions } from '../../src/backends/pool.ts';

export function fakeModel(changes: Partial<ModelEntry> = {}): ModelEntry {
  return {
    name: 'fake',
    kind: 'embedding',
    input: 'text',
    runtime: 'fake',
    source: { type: 'builtin' },
    files: {},
    license: 'Apache-2.0',
    outputs: { embedding: { dim: 4 }, spans: { fields: ['start', 'end', 'class'] } },
    processing: {},
    batch: { costMax: 1_000, itemsMax: 16 },
    ...changes,
  };
}

export interface FakePool extends InferencePool {
  /** Descriptions of the deaths so far. */
  readonly deaths: readonly string[];
}

export function fakePool(options: PoolOptions = {}): FakePool {
  const deaths: string[] = [];
  const pool = createInferencePool({
    models: [fakeModel()],
    runtimes: { fake: join(import.meta.dirname, 'fake-runtime.mjs') },
    hostsMax: 1,
    onRestart: ({ description }) => deaths.push(description),
    ...options,
  });
  onTestFinished(() => pool.close());
  return Object.assign(pool, { deaths });
}

export function texts(...all: readonly string[]): InferenceItem[] {
  return all.map((text) => ({ text }));
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export async function until(condition: () => boolean, ms = 50_000): Promise<void> {
  const end = Date.now() + ms;
  while (!condition()) {
    if (Date.now() > end) throw new Error('the condition did not come true in time');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
