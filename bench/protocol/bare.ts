/** The baseline: node:http that parses the same JSON and sends a reply it was given, and does nothing else. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';

let reply = '';
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    JSON.parse(Buffer.concat(chunks).toString('utf8'));
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(reply) });
    response.end(reply);
  });
});
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
process.stdout.write(`${JSON.stringify({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })}\n`);
for await (const command of createInterface({ input: process.stdin })) {
  if (command === 'cpu') {
    const { user, system } = process.cpuUsage();
    process.stdout.write(`${JSON.stringify({ cpuMs: (user + system) / 1000 })}\n`);
  } else if (command.startsWith('{')) {
    reply = command;
    process.stdout.write('{}\n');
  } else break;
}
server.closeAllConnections();
server.close();
