/** Builds the pages into dist/web with precompressed copies; does nothing when no input has changed since. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const web = import.meta.dirname;
const root = join(web, '..');
const out = join(root, 'dist/web');
const stampFile = join(out, '.stamp');
const COMPRESSIBLE = /\.(js|css|html|svg|json|txt)$/;

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Hash of everything that the result depends on: the sources and the locked versions of the tools. */
function inputsHash(): string {
  const hash = createHash('sha256');
  for (const file of [...filesUnder(web), join(root, 'package-lock.json')]) {
    hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function precompress(file: string): void {
  const bytes = readFileSync(file);
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } };
  writeFileSync(`${file}.br`, brotliCompressSync(bytes, quality));
  writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
}

const stamp = inputsHash();
if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== stamp) {
  const { build } = await import('vite');
  await build({ configFile: join(web, 'vite.config.ts') });
  for (const file of filesUnder(out).filter((name) => COMPRESSIBLE.test(name))) precompress(file);
  writeFileSync(stampFile, stamp);
}
