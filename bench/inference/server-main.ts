/** A server with one more model, in a process of its own that also watches its event loop. Speaks JSON lines with the bench. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import { startServer } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';

const [folder, entry] = process.argv.slice(2) as [string, string];
const models = [JSON.parse(entry) as ModelEntry];
const running = await startServer(readConfig({ data: folder, port: '0', log: 'silent' }), { models });
const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
say({ url: running.url });

/** What the timer itself adds to every reading. */
const RESOLUTION_MS = 1;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

for await (const command of createInterface({ input: process.stdin })) {
  if (command === 'watch') {
    delay.reset();
    delay.enable();
    say({ watching: true });
  } else if (command === 'report') {
    delay.disable();
    const [p50, p99] = [50, 99].map((share) => delay.percentile(share) / 1e6 - RESOLUTION_MS);
    say({ p50, p99, count: delay.count });
  } else break;
}
await running.close();
