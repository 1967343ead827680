/** A headless Chromium for page tests: the system's if there is one, else the one inside an npm package. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const SYSTEM = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
];
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--force-color-profile=srgb'];
/** The packed Chromium is the headless shell, and starts without a zygote where user namespaces are missing. */
const PACKED_ARGS = ['--no-zygote', '--headless=shell'];

export async function launchBrowser(): Promise<Browser> {
  const system = SYSTEM.find((file) => existsSync(file));
  if (system !== undefined) return await chromium.launch({ executablePath: system, args: ARGS });
  const packed = (await import('@sparticuz/chromium')).default;
  // Not its own flags: they are for one page in one process, and turn web security off.
  return await chromium.launch({ executablePath: await packed.executablePath(), args: [...ARGS, ...PACKED_ARGS] });
}

/** A page whose errors and foreign requests are kept, so that a test can demand that there were none. */
export interface Watched {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly problems: string[];
}

export interface Look {
  readonly dark?: boolean;
  readonly width?: number;
  readonly height?: number;
}

export async function openWatched(browser: Browser, origin: string, path: string, look: Look = {}): Promise<Watched> {
  const context = await browser.newContext({
    viewport: { width: look.width ?? 1280, height: look.height ?? 800 },
    colorScheme: look.dark ? 'dark' : 'light',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(`${origin}/`)) problems.push(`foreign request: ${request.url()}`);
  });
  await page.goto(origin + path);
  return { page, context, problems };
}

/** Kept for people to look at; the folder is not in git. */
export async function keepScreenshot(page: Page, name: string): Promise<void> {
  const folder = join(import.meta.dirname, '../screenshots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}
