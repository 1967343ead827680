/** `npm run kernels`: compiles `src/kernels/assembly` to the committed module, as bytes and as text that tsc ships. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';

const folder = new URL('../src/kernels/', import.meta.url);

/** Everything that decides the bytes: the pinned compiler version in package.json and these flags. */
const FLAGS = [
  ...['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort='],
  ...['--importMemory', '--noExportMemory', '--enable', 'simd', '--enable', 'bulk-memory'],
  ...['--outFile', 'kernels.wasm'],
];

/** Compiles the sources and returns the module; throws with the compiler's messages. */
export async function compileKernels(): Promise<Uint8Array> {
  const files = new Map<string, Uint8Array>();
  const { error, stderr } = await asc.main(
    ['index.ts', '--baseDir', fileURLToPath(new URL('assembly', folder)), ...FLAGS],
    {
      writeFile: (name, contents) => {
        files.set(name, typeof contents === 'string' ? new TextEncoder().encode(contents) : contents);
      },
    },
  );
  const wasm = files.get('kernels.wasm');
  if (error || !wasm) throw new Error(`asc: ${error?.message ?? 'no output'}\n${stderr.toString()}`);
  return wasm;
}

/** The module as a TypeScript file: found the same way from source, from dist and in threads. */
export function embed(wasm: Uint8Array): string {
  return `/** Built from ./assembly by \`npm run kernels\`; do not edit. ${wasm.byteLength} bytes. */\nexport const KERNELS_BASE64 =\n  '${Buffer.from(wasm).toString('base64')}';\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const wasm = await compileKernels();
  writeFileSync(new URL('kernels.wasm', folder), wasm);
  writeFileSync(new URL('module.generated.ts', folder), embed(wasm));
  process.stdout.write(`${wasm.byteLength} bytes\n`);
}
