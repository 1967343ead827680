/** A server in a process of its own, asked for its CPU time, and a client that keeps its connections. */
import { spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Child {
  readonly url: string;
  readonly secret: string;
  ask(line: string): Promise<Record<string, unknown>>;
  /** Milliseconds of CPU, all threads. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
}

export async function startChild(script: string, args: readonly string[] = []): Promise<Child> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, script), ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async (): Promise<Record<string, unknown>> => JSON.parse(String((await lines.next()).value));
  const { url, secret = '' } = (await read()) as { url: string; secret?: string };
  const ask = (line: string): Promise<Record<string, unknown>> => {
    child.stdin.write(`${line}\n`);
    return read();
  };
  return {
    url,
    secret,
    ask,
    cpuMs: async () => Number((await ask('cpu')).cpuMs),
    async stop() {
      child.stdin.end('stop\n');
      await new Promise((done) => child.on('exit', done));
    },
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: 8 });

/** Status and body of one call; connections stay open for the next. */
export function send(
  url: string,
  method: 'GET' | 'POST',
  body?: string | Buffer,
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers =
      body === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const call = request(url, { method, agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}

export function closeConnections(): void {
  agent.destroy();
}
