/** A server and a browser for one file of tests, and the pages that its tests visit. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type Look, launchBrowser, openWatched, type Watched } from './browser.ts';
import { ServerProcess } from './server.ts';

/** Every visited page is closed after its test, and must have had no error and asked no other host. `flags` of `serve`. */
export function visits(flags: readonly string[] = []): {
  readonly server: ServerProcess;
  readonly visit: (path: string, look?: Look) => Promise<Watched>;
} {
  const server = new ServerProcess(flags);
  let browser: Browser;
  let open: Watched[] = [];

  beforeAll(async () => {
    [browser] = await Promise.all([launchBrowser(), server.start()]);
  });

  afterAll(async () => {
    await browser.close();
    await server.remove();
  });

  afterEach(async () => {
    const problems = open.flatMap((one) => one.problems);
    // A stand-in that is still fetching would find its page gone.
    await Promise.all(open.map((one) => one.page.unrouteAll({ behavior: 'wait' })));
    await Promise.all(open.map((one) => one.context.close()));
    open = [];
    expect(problems).toEqual([]);
  });

  return {
    server,
    async visit(path, look = {}) {
      const watched = await openWatched(browser, server.url, path, look);
      open.push(watched);
      return watched;
    },
  };
}
