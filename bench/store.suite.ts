/** The store against bare files and bare prepared statements: same bytes, same indexes, same transactions, same fsyncs. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { systemClock } from '../src/core/clock.ts';
import type { Project, Run } from '../src/core/domain.ts';
import { type OpenStore, openStore } from '../src/store/open-store.ts';
import { MIGRATIONS } from '../src/store/sqlite/migrations/index.ts';
import type { Tensor } from '../src/store/tensors.ts';
import { SETTINGS } from '../test/contract/world.ts';
import { startServerProcess } from '../test/helpers/process.ts';
import { createTextProject, importTexts } from '../test/helpers/project.ts';
import { makeTexts } from '../test/helpers/texts.ts';
import { type Figure, interleave, type Suite, timeMs } from './harness.ts';

type Report = (figure: Figure) => void;

const RUNS = 5;
const PROJECT = {
  title: 'bench',
  description: '',
  instruction: '',
  labelConfig: '<View/>',
  settings: SETTINGS,
};

export const suite: Suite = {
  name: 'store',
  run: async (report, { quick }) => {
    const folder = mkdtempSync(join(tmpdir(), 'headstart-bench-'));
    const opened = await openStore({ folder: join(folder, 'data'), clock: systemClock });
    const bare = openBare(join(folder, 'bare.sqlite'));
    try {
      await importFile(report, join(folder, 'served'), quick ? 20_000 : 100_000);
      const { project, run } = await importTasks(report, opened, bare, quick ? 20_000 : 100_000);
      await opened.store.runs.finish(run.id, 'done', run.written);
      await summaries(report, opened, bare, project, quick ? 20_000 : 100_000);
      await next(report, opened, bare, project, quick ? 50 : 200);
      for (const [n, columns] of quick
        ? ([[100_000, 10]] as const)
        : ([
            [1_000_000, 10],
            [100_000, 384],
          ] as const)) {
        await tensorFiles(report, opened, folder, n, columns);
      }
    } finally {
      bare.close();
      await opened.close();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** A database with the same tables and settings, used without any of our code. */
function openBare(file: string): DatabaseSyncInstance {
  const db = new DatabaseSync(file);
  db.exec(
    `pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma cache_size = -65536;`,
  );
  for (const sql of MIGRATIONS) db.exec(sql);
  db.exec(`insert into projects values (1, '', '', '', '', '{}', 0, '', '', null, null);
    insert into runs values (1, 1, 'import', null, '', '', '', 0, 0, '', null, null);`);
  return db;
}

/** The whole way of an upload: HTTP, spool, checks, import job, in a server of its own. */
async function importFile(report: Report, folder: string, n: number): Promise<void> {
  const server = await startServerProcess(folder, ['--log', 'warn']);
  const projectId = await createTextProject(server.client);
  const ms = await timeMs(() => importTexts(server.client, projectId, makeTexts(n)));
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  await server.kill();
  const figure = { runs: 1, baseline: 'a JSONL upload over HTTP, all rows or none', n };
  report({ ...figure, figure: 'import_rows_per_s', value: (n / ms) * 1_000, unit: '/s' });
  report({ ...figure, figure: 'import_peak_mb', value: Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1_024, unit: 'MB' });
}

const TASK_CHUNK = 1_000;

async function importTasks(
  report: Report,
  { store }: OpenStore,
  bare: DatabaseSyncInstance,
  n: number,
): Promise<{ project: Project; run: Run }> {
  const project = await store.projects.create(PROJECT);
  const run = await store.runs.start({
    projectId: project.id,
    kind: 'import',
    labelerId: null,
    summary: '',
    params: {},
  });
  const text = 'The quick brown fox jumps over the lazy dog. '.repeat(7);
  const taskAt = (i: number) => ({ data: { text: `${text}${i}` }, meta: { row: i } });
  let peak = 0;
  const oursMs = await timeMs(async () => {
    for (let from = 0; from < n; from += TASK_CHUNK) {
      const tasks = Array.from({ length: TASK_CHUNK }, (_, i) => taskAt(from + i));
      await store.tasks.insert(project.id, run.id, tasks, from + TASK_CHUNK);
      peak = Math.max(peak, process.memoryUsage.rss());
    }
  });
  const insert = bare.prepare(
    'insert into tasks (project_id, run_id, ordinal, data, meta, created_at, updated_at) values (1, 1, ?, ?, ?, ?, ?)',
  );
  const now = new Date().toISOString();
  const bareMs = await timeMs(() => {
    for (let from = 0; from < n; from += TASK_CHUNK) {
      bare.exec('begin immediate');
      for (let i = from; i < from + TASK_CHUNK; i++) {
        const { data, meta } = taskAt(i);
        insert.run(i, JSON.stringify(data), JSON.stringify(meta), now, now);
      }
      bare.exec('commit');
    }
  });
  const baseline = 'the store part of an import: chunks of 1,000, each durable; vs_bare = bare prepared inserts / ours';
  report({
    figure: 'insert_rows_per_s',
    value: (n / oursMs) * 1_000,
    runs: 1,
    unit: '/s',
    baseline,
    n,
    extra: { vs_bare: bareMs / oursMs },
  });
  report({
    figure: 'insert_peak_mb',
    value: peak / 1e6,
    runs: 1,
    unit: 'MB',
    baseline: 'resident set of the process',
    n,
  });
  return { project, run };
}

const VOTE_CHUNK = 1_000;

async function summaries(
  report: Report,
  { store }: OpenStore,
  bare: DatabaseSyncInstance,
  project: Project,
  n: number,
): Promise<void> {
  const labels = await store.labels.sync(project.id, 'class', ['spam', 'ham']);
  const { ids } = await store.tasks.ordinals(project.id, 0, n);
  const votes = Array.from(ids, (taskId, i) => ({ taskId, labelId: labels[i % 2]!.id, score: (i % 1_000) / 1_000 }));
  const ours = async (): Promise<void> => {
    const run = await store.runs.start({
      projectId: project.id,
      kind: 'prelabel',
      labelerId: null,
      summary: '',
      params: {},
    });
    for (let from = 0; from < n; from += VOTE_CHUNK) {
      await store.votes.write(run.id, votes.slice(from, from + VOTE_CHUNK));
    }
  };
  const insert = bare.prepare(
    'insert into votes (run_id, task_id, label_id, labeler_id, score) values (?, ?, ?, 0, ?) on conflict do nothing',
  );
  let bareRun = 100;
  const loop = (): void => {
    bareRun++;
    for (let from = 0; from < n; from += VOTE_CHUNK) {
      bare.exec('begin immediate');
      for (let i = from; i < from + VOTE_CHUNK; i++) {
        const { taskId, labelId, score } = votes[i]!;
        insert.run(bareRun, taskId, labelId, score);
      }
      bare.exec('commit');
    }
  };
  const ratio = await interleave(RUNS, loop, ours);
  report({
    figure: 'summaries_vs_bare',
    value: ratio.value,
    min: ratio.min,
    max: ratio.max,
    runs: RUNS,
    unit: 'x',
    baseline: 'rows/s of a bare prepared-statement loop, same columns, keys, indexes and transactions of 1,000',
    n,
    extra: { ours_rows_per_s: (n / ratio.baselineMs) * 1_000, bare_rows_per_s: (n / ratio.oursMs) * 1_000 },
  });
}

/** Annotators ask one after another and all at once, while the first tasks of the queue are leased to the others. */
async function next(
  report: Report,
  { store }: OpenStore,
  bare: DatabaseSyncInstance,
  project: Project,
  annotators: number,
): Promise<void> {
  const ids: number[] = [];
  for (let i = 0; i < annotators; i++) ids.push((await store.labelers.ensure('annotator', `${i}`, '')).id);
  for (const id of ids) bare.exec(`insert into labelers values (${id}, 'annotator', '${id}', '')`);
  const { ids: tasks } = await store.tasks.ordinals(project.id, 0, 100_000);
  const candidates = Array.from(tasks.subarray(tasks.length / 2, tasks.length / 2 + annotators + 56));
  const expiresAt = Date.now() + 3_600_000;
  const acquire = (annotatorId: number): Promise<unknown> =>
    store.leases.acquire({ projectId: project.id, annotatorId, candidates, overlap: 1, expiresAt });
  const releaseAll = async (): Promise<void> => {
    for (const id of ids) {
      for (const lease of await store.leases.ofAnnotator(project.id, id)) await store.leases.release(lease.taskId, id);
    }
    bare.exec('delete from leases');
  };

  const places = candidates.map(() => '?').join(',');
  const select = bare.prepare(
    `select id from tasks where id in (${places}) and not exists
       (select 1 from leases where task_id = tasks.id and annotator_id <> ? and expires_at > ?)
     and not exists (select 1 from annotations where task_id = tasks.id) order by id limit 1`,
  );
  const insert = bare.prepare('insert into leases values (?, ?, 1, ?, null, 0)');
  const take = (annotatorId: number): void => {
    bare.exec('begin immediate');
    const row = select.get(...candidates, annotatorId, Date.now()) as { id: number };
    insert.run(row.id, annotatorId, expiresAt);
    bare.exec('commit');
  };
  const selectOnly = Math.min(
    ...(await Promise.all(ids.slice(0, 50).map((id) => timeMs(() => select.get(...candidates, id, Date.now()))))),
  );
  const figure = async (name: string, ours: () => Promise<unknown>, baseline: string): Promise<void> => {
    const rounds: [number, number][] = [];
    for (let i = 0; i < RUNS; i++) {
      await releaseAll();
      rounds.push([
        await timeMs(ours),
        await timeMs(() => {
          for (const id of ids) take(id);
        }),
      ]);
    }
    const [oursMs, bareMs] = [Math.min(...rounds.map(([a]) => a)), Math.min(...rounds.map(([, b]) => b))];
    const ratios = rounds.map(([a, b]) => a / b);
    report({
      figure: name,
      value: oursMs / bareMs,
      min: Math.min(...ratios),
      max: Math.max(...ratios),
      runs: RUNS,
      unit: 'x',
      baseline,
      n: tasks.length,
      extra: { annotators, ours_ms: oursMs / annotators, bare_ms: bareMs / annotators, select_only_ms: selectOnly },
    });
  };
  const durable = 'a bare prepared select of the first free candidate and a bare durable insert of the lease';
  await figure(
    'next_vs_bare_select',
    async () => {
      for (const id of ids) await acquire(id);
    },
    `${durable}, annotators one after another`,
  );
  await figure(
    'next_together_vs_bare_select',
    () => Promise.all(ids.map(acquire)),
    `${durable}, annotators all at once`,
  );
  await releaseAll();
}

const ROW_CHUNK = 500;

async function tensorFiles(
  report: Report,
  { tensors }: OpenStore,
  folder: string,
  n: number,
  columns: number,
): Promise<void> {
  const block = new Float32Array(ROW_CHUNK * columns).map(() => Math.random());
  const key = (round: number) => ({ projectId: 1, kind: 'embedding', version: `${columns}-${round}` });
  const ordinals = (from: number) => new Uint32Array(ROW_CHUNK).map((_, i) => from + i);
  const chunkCount = Math.min(n, 50_000) / ROW_CHUNK;
  let round = 0;
  const write = async (): Promise<void> => {
    const { tensor } = await tensors.open(key(++round), columns);
    for (let i = 0; i < chunkCount; i++) await tensor.write(ordinals(i * ROW_CHUNK), block);
    await tensor.close();
    await tensors.delete(key(round));
  };
  const plain = join(folder, 'plain.f32');
  const bytes = new Uint8Array(block.buffer);
  const writePlain = async (): Promise<void> => {
    const file = await open(plain, 'w');
    for (let i = 0; i < chunkCount; i++) {
      await file.write(bytes, 0, bytes.length, i * bytes.length);
      await file.datasync();
    }
    await file.close();
    rmSync(plain);
  };
  const written = await interleave(RUNS, write, writePlain);
  reportTensor(
    report,
    'tensor_write_vs_file',
    written,
    chunkCount * ROW_CHUNK,
    columns,
    'one plain file, same chunks of 500 rows, one fdatasync per chunk',
  );

  const { tensor } = await tensors.open(key(0), columns);
  const large = new Float32Array(10_000 * columns).map(() => Math.random());
  for (let from = 0; from < n; from += 10_000) {
    await tensor.write(
      new Uint32Array(10_000).map((_, i) => from + i),
      large,
    );
  }
  const into = new Float32Array(n * columns);
  const file = await copyTo(plain, tensor, into);
  const read = await interleave(
    RUNS,
    () => tensor.read(0, n, into),
    () => file.read(new Uint8Array(into.buffer), 0, into.byteLength, 0),
  );
  await file.close();
  reportTensor(
    report,
    'tensor_read_vs_file',
    read,
    n,
    columns,
    'one read of a plain file into the same preallocated array',
  );
  await tensor.close();
  await tensors.delete(key(0));
}

async function copyTo(path: string, tensor: Tensor, into: Float32Array): Promise<FileHandle> {
  await tensor.read(0, tensor.rows, into);
  const file = await open(path, 'w+');
  await file.writeFile(new Uint8Array(into.buffer));
  return file;
}

function reportTensor(
  report: Report,
  figure: string,
  ratio: Awaited<ReturnType<typeof interleave>>,
  n: number,
  columns: number,
  baseline: string,
): void {
  const { value, min, max, runs, oursMs, baselineMs } = ratio;
  report({
    figure,
    value,
    min,
    max,
    runs,
    unit: 'x',
    baseline,
    n,
    extra: { columns, ours_ms: oursMs, file_ms: baselineMs },
  });
}
