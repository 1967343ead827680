/** Finds a Chromium on this machine, or unpacks the one inside `@sparticuz/chromium` once, with the libraries it needs. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Chromium {
  readonly executablePath: string;
  /** Added to the environment of the browser. */
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

const SYSTEM = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const ROOT = join(import.meta.dirname, '../..');

export async function findChromium(): Promise<Chromium> {
  const system = SYSTEM.map((name) => join('/usr/bin', name)).find((file) => existsSync(file));
  if (system !== undefined) return { executablePath: system, env: {}, args: [] };
  const folder = await unpackedFolder();
  const fonts = existsSync('/etc/fonts/fonts.conf') ? {} : { FONTCONFIG_PATH: join(folder, 'fonts') };
  return {
    executablePath: join(folder, 'chromium'),
    env: { LD_LIBRARY_PATH: join(folder, 'al2023', 'lib'), ...fonts },
    // The packed one is the headless shell; without a zygote it starts where user namespaces are missing.
    args: ['--no-zygote', '--headless=shell'],
  };
}

/**
 * The package unpacks into the folder for temporary files and takes whatever lies there for whole, so that two test files
 * at once would start half a browser. Each unpacks into a folder of its own; the first to finish gives it its name.
 */
async function unpackedFolder(): Promise<string> {
  const manifest = readFileSync(join(ROOT, 'node_modules/@sparticuz/chromium/package.json'), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  const cache = join(ROOT, '.cache');
  const folder = join(cache, `chromium-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const own = mkdtempSync(`${folder}-`);
  // The second variable makes it unpack the shared libraries that a bare machine lacks.
  const env = { ...process.env, TMPDIR: own, AWS_LAMBDA_JS_RUNTIME: 'nodejs20.x' };
  const unpack = "import('@sparticuz/chromium').then((packed) => packed.default.executablePath())";
  await promisify(execFile)(process.execPath, ['-e', unpack], { env, cwd: ROOT });
  try {
    renameSync(own, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
    rmSync(own, { recursive: true });
  }
  return folder;
}
