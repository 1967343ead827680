/** The command line as a user types it: verbs open the folder themselves, or talk to the server that holds it. */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createClient } from '../../src/cli/client.ts';
import { runningServer } from '../../src/store/open-store.ts';
import { type CommandResult, MAIN, runCommand, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { answerOf } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';

const data = temporaryFolder();
const texts = makeTexts(60);
const file = join(data.folder, 'mails.csv');

async function headstart(...args: string[]): Promise<Record<string, unknown>[]> {
  const result = await runCommand(args, data.folder);
  if (result.code !== 0) throw new Error(`${args.join(' ')}: ${result.stderr}`);
  return linesOf(result);
}

function linesOf({ stdout }: Pick<CommandResult, 'stdout'>): Record<string, unknown>[] {
  return stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
}

beforeAll(() => {
  const rows = texts.map(({ text }, i) => `${i},"${text}",2026-01-01`);
  writeFileSync(file, ['number,body,date', ...rows].join('\n'));
});

afterAll(() => data.remove());

// Every verb is a process of its own; on a busy machine each takes seconds.
describe('verbs', { timeout: 180_000 }, () => {
  it('open the folder themselves when nobody serves it', async () => {
    const [project] = await headstart('init', 'Mails', '--labels', 'spam,ham', '--field', 'body');
    expect(project).toEqual({ id: 1, title: 'Mails', labels: ['spam', 'ham'] });

    const [imported] = await headstart('import', '1', file);
    expect(imported).toMatchObject({ task_count: 60, skipped: 0, data_columns: ['number', 'body', 'date'] });
  });

  it('talk to the server that holds the folder: label, train, export', async () => {
    const server = await startServerProcess(data.folder);
    const [item] = await headstart('next', '1');
    expect(item).toMatchObject({ task: expect.any(Number), suggestion: null });
    const [answer] = await headstart('annotate', String(item!.task), 'spam');
    expect(answer).toMatchObject({ labels: ['spam'], outcome: 'unaided' });
    for (const { task, label } of await someAnswers(12)) {
      const body = { result: [answerOf(label)] };
      await server.client.call('annotationCreate', { params: { task_id: task }, body });
    }

    // The retrain policy may have been faster, and then there is nothing new to train on.
    const [trained] = await headstart('train', '1');
    expect(trained).toEqual(expect.objectContaining({ trained: expect.any(Boolean) }));
    const versions = await headstart('models', 'list', '1');
    expect(versions.filter((version) => version.active)).toHaveLength(1);

    const csv = (await runCommand(['export', '1', '--format', 'csv'], data.folder)).stdout;
    expect(csv.split('\n')[0]).toContain('body');
    expect(csv).toContain('annotator:owner');
    await server.stop();
  });

  it('list runs and jobs, undo and redo', async () => {
    const runs = await headstart('runs', 'list', '1');
    expect(runs.map((run) => run.kind).slice(0, 2)).toEqual(['import', 'prelabel']);
    const [undone] = await headstart('runs', 'undo', String(runs[1]!.id));
    expect(undone!.undone).toEqual(expect.any(String));
    const [redone] = await headstart('runs', 'redo', String(runs[1]!.id));
    expect(redone!.undone).toBeNull();
    expect((await headstart('jobs', 'list', '--project', '1')).every((job) => job.state === 'done')).toBe(true);
    const ranked = await headstart('rank', '1', '--limit', '5');
    expect(ranked.map((row) => row.rank)).toEqual([1, 2, 3, 4, 5]);
    const other = await headstart('rank', '1', '--limit', '5', '--strategy', 'random');
    expect(other.map((row) => row.rank)).toEqual([1, 2, 3, 4, 5]);
    expect(await headstart('rank', '1', '--limit', '5')).toEqual(ranked);
    const listed = await headstart('rank', '1', '--list');
    expect(listed.find((row) => row.name === 'mnlp')).toMatchObject({ for: 'tokens' });
    const first = await headstart('rank', '1', '--limit', '2', '--strategy', 'sequential', '--use');
    expect(first.map((row) => row.why)).toEqual(new Array(2).fill('Next in the order of import, as the policy asks.'));
    await headstart('rank', '1', '--strategy', 'uncertainty-herding', '--use');
    expect(await headstart('rank', '1', '--limit', '5')).toEqual(ranked);
    const [plan] = await headstart('train', '1', '--dry-run');
    expect(plan).toMatchObject({ would_train: expect.any(Boolean), why: expect.stringMatching(/^Would/) });
  });

  it('say what is wrong, on standard error, with the code of the family', async () => {
    const bad = await runCommand(['import', '99', file], data.folder);
    expect([bad.code, bad.stdout]).toEqual([66, '']);
    expect(JSON.parse(bad.stderr.trim().split('\n').at(-1)!)).toMatchObject({ code: 'NOT_FOUND' });
    expect((await runCommand(['serve', '--port', 'many'], data.folder)).code).toBe(78);
  });

  it('end without a word when whoever reads has seen enough', async () => {
    const child = spawn(process.execPath, [MAIN, 'templates'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    const parts: string[] = [];
    child.stderr.setEncoding('utf8').on('data', (text: string) => parts.push(text));
    expect(await new Promise((done) => child.on('close', done))).toBe(141);
    expect(parts.join('')).toBe('');
  });

  it('doctor tries every part and finds this machine fit', async () => {
    const findings = await headstart('doctor');
    expect(findings.map((one) => one.part)).toEqual(
      expect.arrayContaining(['node', 'store', 'threads', 'model use-lite', 'TF.js', 'page']),
    );
    expect(findings.filter((one) => one.works !== 'yes')).toEqual([]);
  });
});

describe('label', () => {
  it('guesses the text column, says which, and serves the queue', async () => {
    const folder = temporaryFolder();
    const child = spawn(process.execPath, [
      MAIN,
      'label',
      file,
      '--labels',
      'spam,ham',
      '--data',
      folder.folder,
      '--port',
      '0',
    ]);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const { project, tasks } = JSON.parse(String((await lines.next()).value)) as { project: number; tasks: number };
    expect([project, tasks]).toEqual([1, 60]);
    expect(said).toContain('body');
    const { address, secret } = runningServer(folder.folder)!;
    const client = createClient(address!, secret);
    const item = await client.call('queueNext', { params: { project_id: 1 }, query: {} });
    expect(Object.keys(item!.data)).toContain('body');
    child.kill('SIGTERM');
    expect(await new Promise((done) => child.on('exit', done))).toBe(0);
    folder.remove();
  });
});

/** Tasks with their gold labels: both classes, so that there is something to learn. */
async function someAnswers(count: number): Promise<{ task: number; label: string }[]> {
  const all = await runCommand(['export', '1', '--format', 'jsonl', '--all'], data.folder);
  return linesOf(all)
    .slice(0, count)
    .map((row) => {
      const body = (row.data as { body: string }).body;
      return { task: Number(row.id), label: texts.find(({ text }) => text === body)!.label };
    });
}

it('reads a config file for init', async () => {
  const config = join(data.folder, 'config.xml');
  writeFileSync(
    config,
    readFileSync(join(import.meta.dirname, '../helpers/texts.ts'), 'utf8').match(/<View>[\s\S]*<\/View>/)![0],
  );
  const [project] = await headstart('init', 'From a file', '--config', config);
  expect(project).toMatchObject({ labels: ['spam', 'ham'] });
});
