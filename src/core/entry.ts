/** Where a thread or child process starts: always compiled code, also when the caller runs from source under vitest. */
import { fileURLToPath } from 'node:url';

/** `entryFile(import.meta.url, './host-main.ts')` -> path of the compiled `dist/.../host-main.js`. */
export function entryFile(callerUrl: string, relative: string): string {
  const url = new URL(relative, callerUrl).href.replace(/\.ts$/, '.js');
  return fileURLToPath(callerUrl.endsWith('.ts') ? url.replace(/\/src\/(?!.*\/src\/)/, '/dist/') : url);
}
