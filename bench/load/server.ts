/** The server under load, in a process of its own that also watches its event loop. Speaks JSON lines with the bench. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { startServer } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';

const running = await startServer(readConfig({ data: process.argv[2]!, port: '0', log: 'silent' }));
const delay = monitorEventLoopDelay({ resolution: 1 });
const say = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
say({ url: running.url, secret: running.secret });

/** What the timer itself adds to every reading. */
const RESOLUTION_MS = 1;

for await (const command of createInterface({ input: process.stdin })) {
  if (command === 'watch') {
    delay.reset();
    delay.enable();
    say({ watching: true });
  } else if (command === 'report') {
    delay.disable();
    say({ p99: delay.percentile(99) / 1e6 - RESOLUTION_MS, max: delay.max / 1e6 - RESOLUTION_MS });
  } else break;
}
await running.close();
