/** Headstart in a process of its own that tells what CPU time it has used. Speaks JSON lines with the bench. */
import { createInterface } from 'node:readline';
import { startServer } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';

const running = await startServer(readConfig({ data: process.argv[2]!, port: '0', log: 'silent' }));
process.stdout.write(`${JSON.stringify({ url: running.url, secret: running.secret })}\n`);
for await (const command of createInterface({ input: process.stdin })) {
  if (command !== 'cpu') break;
  const { user, system } = process.cpuUsage();
  process.stdout.write(`${JSON.stringify({ cpuMs: (user + system) / 1000 })}\n`);
}
await running.close();
