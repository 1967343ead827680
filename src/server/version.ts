/** The version of this package, as its package.json says. */
import { readFileSync } from 'node:fs';

/** Two folders up from both `src/server` and `dist/server`. */
const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');

export const PRODUCT_VERSION: string = (JSON.parse(text) as { version: string }).version;
