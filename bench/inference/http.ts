/** Requests to a real server in a process of its own: many tasks a request, one task a request, and its event loop. */
import { Agent, request } from 'node:http';
import type { ModelEntry } from '../../src/backends/manifest.ts';
import type { Report } from '../inference.suite.ts';
import type { WatchedServer } from '../watched-server.ts';
import { compare, elsewhere, familyOf, here } from './cpu.ts';
import { makeTexts } from './encoder.ts';
import { openRaw } from './raw.ts';

const TASKS_PER_REQUEST = 32;
const CONNECTIONS = 64;
/** What the server's own call size is until it was measured. */
const CALL_TOKENS = 1_024;
/** Over all texts, one a request. */
const WARM_UP_ROUNDS = 4;

export async function reportHttp(
  report: Report,
  server: WatchedServer,
  entry: ModelEntry,
  options: { runs: number; texts: number },
): Promise<void> {
  const texts = makeTexts(options.texts, 'http');
  const raw = await openRaw(entry, 10);
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const ask = (some: readonly string[]) => infer(server.url, entry.name, some, agent);
  const groups = chunks(texts, TASKS_PER_REQUEST);
  const baseline = here(async () => {
    for (const group of groups) await raw.sorted(group, CALL_TOKENS);
  });
  // What is compiled as it gets used, and the call size that is measured once, are behind a server that has been up for a minute.
  for (let round = 0; round < WARM_UP_ROUNDS; round++) await inTurn(chunks(texts, 1), CONNECTIONS, ask);
  const family = (): number[] => familyOf(server.pid);
  const sides = {
    http_predict_vs_raw_32: elsewhere(family, () => inTurn(groups, 2 * 2, ask)),
    http_predict_vs_raw_1x64: elsewhere(family, () => inTurn(chunks(texts, 1), CONNECTIONS, ask)),
  };
  for (const [figure, ours] of Object.entries(sides)) {
    const { baselineMs, oursMs, ...ratio } = await compare(options.runs, baseline, ours);
    report({
      figure,
      ...ratio,
      unit: 'x',
      baseline: `processor time of a loop of session.run over ${TASKS_PER_REQUEST} texts a turn, tokenising included; ours is server and hosts`,
      n: texts.length,
      extra: { raw_ms_per_text: baselineMs / texts.length, server_ms_per_text: oursMs / texts.length },
    });
  }
  agent.destroy();
}

/** How late timers of the server fire while requests keep all of its hosts busy. */
export async function reportEventLoop(
  report: Report,
  server: WatchedServer,
  name: string,
  seconds: number,
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const groups = chunks(makeTexts(1_024, 'loop'), TASKS_PER_REQUEST);
  await server.watch();
  const end = performance.now() + 1_000 * seconds;
  await Promise.all(
    Array.from({ length: 8 }, async (_, lane) => {
      for (let i = lane; performance.now() < end; i++) await infer(server.url, name, groups[i % groups.length]!, agent);
    }),
  );
  const { p50, p99, count } = await server.report();
  agent.destroy();
  report({
    figure: 'server_event_loop_p99_ms',
    value: p99,
    runs: 1,
    unit: 'ms',
    baseline: 'none: delay of a timer in the server while 8 clients keep all hosts busy over HTTP',
    n: count,
    extra: { p50 },
  });
}

function chunks<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

async function inTurn<T>(all: readonly T[], atOnce: number, work: (one: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (next < all.length) await work(all[next++]!);
    }),
  );
}

function infer(url: string, model: string, data: readonly string[], agent: Agent): Promise<void> {
  const body = JSON.stringify({ inputs: [{ name: 'text', shape: [data.length], datatype: 'BYTES', data }] });
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const call = request(`${url}/v2/models/${model}/infer`, { method: 'POST', agent, headers }, (reply) => {
      const parts: Buffer[] = [];
      reply.on('data', (part: Buffer) => parts.push(part));
      reply.on('end', () => {
        if (reply.statusCode === 200) resolve();
        else reject(new Error(`${reply.statusCode}: ${Buffer.concat(parts)}`));
      });
    });
    call.on('error', reject);
    call.end(body);
  });
}
