/** Suites over models and data beside the repository, which a clone may lack: skipped by name there, not in CI. */
import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { sharedPath } from './shared-models.ts';

const present = existsSync(sharedPath('models')) || process.env.CI === 'true';

/** A suite that needs `../shared`; its name says so when it is skipped. */
export function describeShared(name: string, body: () => void): void {
  if (present) describe(name, body);
  else describe.skip(`${name} (needs ../shared)`, body);
}
