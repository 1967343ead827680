/** Annotators at work on a large project while it is being pre-labeled: how long they wait, and what gets lost. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient } from '../src/cli/client.ts';
import { createTextProject, importTexts, settle } from '../test/helpers/project.ts';
import { makeTexts } from '../test/helpers/texts.ts';
import { type Figure, percentile, type Suite } from './harness.ts';
import { type LoadResult, runAnnotators } from './load/annotators.ts';
import { startWatchedServer, type WatchedServer } from './watched-server.ts';

/** Enough that the worst percent is more than one call. */
const IDLE_CALLS = 500;
/** People pause between two items; a processor that is kept hot by calls without a pause is not an idle one. */
const IDLE_PAUSE_MS = 25;

export const suite: Suite = {
  name: 'load',
  async run(report, { quick }) {
    const folder = mkdtempSync(join(tmpdir(), 'headstart-load-'));
    const server = await startWatchedServer(folder);
    const client = createClient(server.url, server.secret);
    try {
      const tasks = quick ? 10_000 : 100_000;
      const projectId = await createTextProject(client, { retrain_every: 200 });
      await importTexts(client, projectId, makeTexts(tasks));
      await settle(client, projectId);
      const idle = await idleNext(client, projectId);
      report(figure('next_idle_p99_ms', percentile(idle, 0.99), 'ms', 'one annotator, nothing else', tasks));
      for (const count of quick ? [20] : [20, 200]) {
        await measure(report, { server, client }, projectId, { count, tasks, seconds: quick ? 10 : 40, idle });
      }
    } finally {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

async function measure(
  report: (figure: Figure) => void,
  { server, client }: { server: WatchedServer; client: Client },
  projectId: number,
  { count, tasks, seconds, idle }: { count: number; tasks: number; seconds: number; idle: number[] },
): Promise<void> {
  // Another project is embedded by the sentence encoder all the while: every host is busy.
  const busy = await createTextProject(client, { embedder: 'use-lite' });
  await importTexts(client, busy, makeTexts(tasks / 10, 2));
  await server.watch();
  const load = await runAnnotators(client, server.url, projectId, { count, seconds, seed: count });
  const loop = await server.report();
  await cancelAll(client, busy);
  const baseline = `${count} annotators, hosts saturated`;
  const ms = (name: string, value: number): void => report(figure(`${name}_${count}`, value, 'ms', baseline, tasks));
  ms('next_p50_ms', percentile(load.nextMs, 0.5));
  ms('next_p99_ms', percentile(load.nextMs, 0.99));
  ms('submit_p50_ms', percentile(load.submitMs, 0.5));
  ms('submit_p99_ms', percentile(load.submitMs, 0.99));
  ms('event_loop_p99_ms', loop.p99);
  const ratio = percentile(load.nextMs, 0.99) / percentile(idle, 0.99);
  report(figure(`next_p99_vs_idle_${count}`, ratio, 'x', 'p99 of one annotator, nothing else', tasks));
  report(figure(`double_leases_${count}`, load.doubleLeases, '', baseline, load.nextMs.length));
  report(figure(`lost_answers_${count}`, await lost(client, projectId, load), '', baseline, load.acknowledged.length));
}

async function idleNext(client: Client, projectId: number): Promise<number[]> {
  const times: number[] = [];
  // The first call opens the project: that is no part of an idle `next`.
  for (let i = 0; i <= IDLE_CALLS; i++) {
    const start = performance.now();
    const item = await client.call('queueNext', { params: { project_id: projectId }, query: {} });
    if (i > 0) times.push(performance.now() - start);
    await client.call('taskRelease', { params: { task_id: item!.id }, body: {} });
    await new Promise((resolve) => setTimeout(resolve, IDLE_PAUSE_MS));
  }
  return times;
}

async function lost(client: Client, projectId: number, { acknowledged }: LoadResult): Promise<number> {
  const stored = new Set<number>();
  for (let page = 1; ; page++) {
    const query = { page, page_size: 1_000 };
    const rows = await client.call('projectAnnotations', { params: { project_id: projectId }, query });
    for (const row of rows) stored.add(row.id);
    if (rows.length < 1_000) return acknowledged.filter((id) => !stored.has(id)).length;
  }
}

async function cancelAll(client: Client, projectId: number): Promise<void> {
  const jobs = await client.call('jobList', { query: { project: projectId, limit: 100 } });
  for (const job of jobs) {
    if (job.state === 'queued' || job.state === 'running')
      await client.call('jobCancel', { params: { job_id: job.id } });
  }
}

function figure(name: string, value: number, unit: string, baseline: string, n: number): Figure {
  return { figure: name, value, runs: 1, unit, baseline, n };
}
