/** A headless Chromium for page tests, and pages that are watched for errors and foreign requests. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findChromium } from './chromium.ts';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--force-color-profile=srgb'];

export async function launchBrowser(): Promise<Browser> {
  const { executablePath, env, args } = await findChromium();
  return await chromium.launch({ executablePath, env: { ...process.env, ...env }, args: [...ARGS, ...args] });
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
    // What the page has made itself comes back under its own origin too.
    const url = request.url().replace(/^blob:/, '');
    if (!url.startsWith(`${origin}/`)) problems.push(`foreign request: ${url}`);
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
