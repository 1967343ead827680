/** A server in a process of its own that also watches its event loop. Speaks JSON lines with `watched-server.ts`. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import type { ModelEntry } from '../src/backends/manifest.ts';
import { startServer } from '../src/compose.ts';
import { readConfig } from '../src/config.ts';

const [folder, models] = process.argv.slice(2) as [string, string];
const config = readConfig({ data: folder, port: '0', log: 'silent' });
const running = await startServer(config, { models: JSON.parse(models) as ModelEntry[] });
const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
say({ url: running.url, secret: running.secret });

/** What the timer itself adds to every reading. */
const RESOLUTION_MS = 1;
const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
const ms = (nanoseconds: number): number => nanoseconds / 1e6 - RESOLUTION_MS;

for await (const command of createInterface({ input: process.stdin })) {
  if (command === 'watch') {
    delay.reset();
    delay.enable();
    say({});
  } else if (command === 'report') {
    delay.disable();
    say({ p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max), count: delay.count });
  } else break;
}
await running.close();
