import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { entryFile } from '../../src/core/entry.ts';

it('threads that are closed while they start do not take the process with them', () => {
  const script = join(import.meta.dirname, 'close-early.mjs');
  const threads = entryFile(import.meta.url.replace('/test/', '/src/'), './threads.ts');
  const child = spawnSync(process.execPath, [script, threads], { encoding: 'utf8' });
  expect(child.stderr).toBe('');
  expect(child.stdout).toBe('ended in peace\n');
});
