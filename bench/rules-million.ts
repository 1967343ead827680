/** Rules over a whole project: tasks read from the store, matched in threads, votes written back, with memory watched. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Deps } from '../src/app/deps.ts';
import { ProjectConfigs } from '../src/app/projects/project-config.ts';
import { createRulesHandler } from '../src/app/rules/apply.ts';
import { openThreads } from '../src/compute/threads.ts';
import { systemClock } from '../src/core/clock.ts';
import { openStore } from '../src/store/open-store.ts';
import type { Store } from '../src/store/store.ts';
import { type Figure, timeMs } from './harness.ts';

const CONFIG = `<View><Text name="text" value="$text"/><Choices name="label" toName="text"><Choice value="ham"/><Choice value="spam"/></Choices></View>`;
const SETTINGS = {
  queryStrategy: 'default',
  seed: 1,
  overlap: 1,
  blindShare: 0,
  leaseSeconds: 600,
  retrainEvery: 10,
  retrainEveryVerified: 0,
  retrainEveryHours: 0,
  retrainOnDrift: false,
  embedder: 'lexical',
  pinnedVersion: null,
};
const CHUNK = 5_000;
const THREADS = 2;
const LOOK_MS = 50;
const MB = 1e6;

export async function millionTexts(
  report: (figure: Figure) => void,
  texts: readonly string[],
  document: string,
  count: number,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'headstart-bench-'));
  const { store, close } = await openStore({ folder: join(folder, 'data'), clock: systemClock });
  const compute = openThreads({ learnerThreads: 0, workThreads: THREADS });
  try {
    const projectId = await fill(store, texts, count);
    const base = { projectId, version: 'bench', lists: {}, ruleCount: 100, patterns: [] };
    const { number } = await store.rules.add({ ...base, text: document });
    // The handler touches nothing else of what a server has.
    const apply = createRulesHandler({ store, compute } as unknown as Deps, new ProjectConfigs());
    const job = await store.jobs.enqueue({ kind: 'apply-rules', projectId, params: { document: number } });
    const before = process.memoryUsage().rss;
    let peak = before;
    let steps = 0;
    const timer = setInterval(() => {
      peak = Math.max(peak, process.memoryUsage().rss);
    }, LOOK_MS);
    let output: unknown;
    const ms = await timeMs(async () => {
      output = await apply({
        job,
        signal: new AbortController().signal,
        stopping: false,
        paused: false,
        progress: async () => {
          steps += 1;
        },
        itemFailed: async () => undefined,
      });
    });
    clearInterval(timer);
    report({
      figure: 'million_store_to_votes',
      value: (1e3 * count) / ms,
      runs: 1,
      unit: 'texts/s',
      baseline: `100 rules, tasks from SQLite, ${THREADS} threads, votes durable in SQLite`,
      n: count,
      extra: {
        seconds: ms / 1e3,
        votes: (output as { votes: number }).votes,
        progress_steps: steps,
        peak_mb: peak / MB,
        grown_mb: (peak - before) / MB,
      },
    });
  } finally {
    await compute.close();
    await close();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill({ projects, runs, tasks }: Store, texts: readonly string[], count: number): Promise<number> {
  const head = { title: 'bench', description: '', instruction: '', labelConfig: CONFIG, settings: SETTINGS };
  const { id } = await projects.create(head);
  const run = await runs.start({ projectId: id, kind: 'import', labelerId: null, summary: 'bench', params: {} });
  for (let at = 0; at < count; at += CHUNK) {
    const chunk = Array.from({ length: Math.min(CHUNK, count - at) }, (_, i) => ({
      data: { text: texts[(at + i) % texts.length]! },
      meta: {},
    }));
    await tasks.insert(id, run.id, chunk, at + chunk.length);
  }
  await runs.finish(run.id, 'done', count);
  return id;
}
