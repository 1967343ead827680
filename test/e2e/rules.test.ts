/** Rules through a real server: 73 real ones on 500 real messages, undone, promoted, broken, hanging, killed. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/cli/client.ts';
import { runCommand } from '../helpers/process.ts';
import { answerOf, createTextProject, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { bytesOf, type LabeledText, makeTexts, TEXT_CONFIG } from '../helpers/texts.ts';

const SMS = resolve(import.meta.dirname, '../../../shared/data/text/sms-spam');
const server = servedFolder();

const text = (...rules: string[]): string =>
  `headstart_rules: 1\nrules:\n${rules.map((rule) => `  - ${rule}\n`).join('')}`;

async function newProject(texts: readonly LabeledText[]): Promise<number> {
  const projectId = await createTextProject(server.client);
  await importTexts(server.client, projectId, texts);
  await settle(server.client, projectId);
  return projectId;
}

const save = (projectId: number, document: string) =>
  server.client.call('ruleSave', { params: { project_id: projectId }, body: { document } });

async function apply(projectId: number, document?: string) {
  const params = { project_id: projectId };
  const body = document === undefined ? {} : { number: (await save(projectId, document)).number };
  const job = await server.client.call('ruleApply', { params, body });
  await settle(server.client, projectId);
  const ended = await server.client.call('jobGet', { params: { job_id: job.id } });
  return { state: ended.state, failed: ended.failed, ...(ended.output as unknown as Applied) };
}

interface Applied {
  readonly runId: number;
  readonly applied: number;
  readonly votes: number;
  readonly withdrawn: { readonly rule: string }[];
}

const tasksOf = (client: Client, projectId: number) =>
  client.call('projectTasks', { params: { project_id: projectId }, query: { page_size: 1000 } });

/** What rules say of each task, as the task itself tells it. */
async function ruleVotes(client: Client, projectId: number): Promise<Map<number, string[]>> {
  const out = new Map<number, string[]>();
  for (const { id } of await tasksOf(client, projectId)) {
    const votes = await client.call('taskVotes', { params: { task_id: id } });
    const own = votes.filter((vote) => vote.kind === 'rule').map(({ labeler, label }) => `${labeler} ${label}`);
    if (own.length > 0) out.set(id, own.sort());
  }
  return out;
}

describe.skipIf(!existsSync(SMS) && process.env.CI !== 'true')('73 real rules (../shared/data/text/sms-spam)', () => {
  const rows = existsSync(SMS)
    ? (parse(readFileSync(resolve(SMS, 'test.csv')), { columns: true }) as LabeledText[])
    : [];
  const rules = existsSync(SMS)
    ? readFileSync(resolve(SMS, 'rules.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { id: number; label: string; pattern: string; flags: string })
    : [];
  const document = JSON.stringify({
    headstart_rules: 1,
    rules: rules.map(({ id, label, pattern, flags }) => ({ id: `sms-${id}`, label, regex: { pattern, flags } })),
  });
  let projectId: number;

  beforeAll(async () => {
    projectId = await newProject(rows);
  });

  it('cover 38 % of the test messages; the run says so and undo takes all of it back', async () => {
    const done = await apply(projectId, document);
    expect(done).toMatchObject({ state: 'done', applied: 73, withdrawn: [] });
    const votes = await ruleVotes(server.client, projectId);
    expect(Math.abs(votes.size / 500 - 0.384)).toBeLessThanOrEqual(0.01);
    expect([...votes.values()].flat()).toHaveLength(done.votes);
    expect([...votes.values()][0]![0]).toMatch(/^rule:sms-\d+@[0-9a-f]{12} (spam|ham)$/);

    await server.client.call('runUndo', { params: { run_id: done.runId } });
    expect((await ruleVotes(server.client, projectId)).size).toBe(0);
    await server.client.call('runRedo', { params: { run_id: done.runId } });
    expect(await ruleVotes(server.client, projectId)).toEqual(votes);
  });

  it('show their matches, their figures and what they contradict', async () => {
    const params = { project_id: projectId };
    for (const [i, task] of (await tasksOf(server.client, projectId)).slice(0, 200).entries()) {
      const body = { result: [answerOf(rows[i]!.label)] };
      await server.client.call('annotationCreate', { params: { task_id: task.id }, body });
    }
    const preview = await server.client.call('rulePreview', { params, body: { document } });
    expect(preview.tasks).toBe(500);
    expect(Math.abs(preview.coverage - 0.384)).toBeLessThanOrEqual(0.01);
    expect(preview.annotated).toBe(200);
    expect(preview.accuracy).toBeGreaterThan(0.9);
    const marked = preview.hits.find((task) => task.matches.length > 0)!;
    const { start, end } = marked.matches[0]!;
    expect(marked.text.slice(start, end).length).toBeGreaterThan(0);

    const report = await server.client.call('ruleReport', { params, body: {} });
    expect(report.coverage).toBe(preview.coverage);
    const checked = report.rules.filter((rule) => rule.precision !== null);
    expect(checked.length).toBeGreaterThan(5);
    for (const { precision } of checked) {
      expect(precision!.low).toBeLessThanOrEqual(precision!.share);
      expect(precision!.high).toBeGreaterThanOrEqual(precision!.share);
    }
    const words = await server.client.call('ruleSuggest', { params, query: { label: 'spam', limit: 5 } });
    expect(words[0]).toMatchObject({ kind: expect.any(String), low: expect.any(Number) });
  });
});

describe('rules', () => {
  const texts = makeTexts(120);
  let projectId: number;

  beforeAll(async () => {
    projectId = await newProject(texts);
  });

  const PRIZE = '{id: prize, label: spam, keywords: [prize, winner]}';
  const LUNCH = '{id: lunch, label: ham, keywords: [lunch, meeting]}';

  it('applied again after a change, only the changed one runs; undo brings the state before it back', async () => {
    const first = await apply(projectId, text(PRIZE, LUNCH));
    const before = await ruleVotes(server.client, projectId);
    const changed = '{id: lunch, label: ham, keywords: [lunch, meeting, report]}';
    const second = await apply(projectId, text(PRIZE, changed));
    expect([first.applied, second.applied]).toEqual([2, 1]);
    const after = await ruleVotes(server.client, projectId);

    const fresh = await newProject(texts);
    await apply(fresh, text(PRIZE, changed));
    expect([...after.values()]).toEqual([...(await ruleVotes(server.client, fresh)).values()]);

    await server.client.call('runUndo', { params: { run_id: second.runId } });
    expect(await ruleVotes(server.client, projectId)).toEqual(before);
    await server.client.call('runRedo', { params: { run_id: second.runId } });
  });

  it('reach tasks that are imported later', async () => {
    await importTexts(server.client, projectId, [{ text: 'a prize for lunch', label: 'spam' }], 900);
    await settle(server.client, projectId);
    const last = (await tasksOf(server.client, projectId)).at(-1)!;
    const votes = (await ruleVotes(server.client, projectId)).get(last.id)!;
    expect(votes.map((vote) => vote.replace(/@\w+/, ''))).toEqual(['rule:lunch ham', 'rule:prize spam']);
  });

  it('say what a new version would change before it is saved', async () => {
    const params = { project_id: projectId };
    const number = (await server.client.call('ruleGet', { params })).number;
    const body = { document: text(PRIZE), from: number };
    const difference = await server.client.call('ruleDiff', { params, body });
    expect(difference).toMatchObject({ gained: 0, changed: [], removed: ['lunch'] });
    expect(difference.lost).toBeGreaterThan(5);
    expect((await server.client.call('ruleList', { params })).at(-1)!.number).toBe(number);
  });

  it('can be made of a stretch of a task, or of a list', async () => {
    const params = { project_id: projectId };
    const task = (await tasksOf(server.client, projectId)).at(-1)!;
    const promoted = await server.client.call('rulePromote', {
      params,
      body: { label: 'spam', task_id: task.id, start: 2, end: 7, document: text(LUNCH) },
    });
    expect(promoted.rule).toBe('prize');
    expect(promoted.document).toContain('{id: lunch, label: ham');
    const preview = await server.client.call('rulePreview', { params, body: { document: promoted.document } });
    expect(preview.rules.map((rule) => rule.id)).toEqual(['lunch', 'prize']);

    const body = { kind: 'csv' as const, text: 'spam,free\nspam,cheap\nham,review\n', document: promoted.document };
    const imported = await server.client.call('ruleImport', { params, body });
    const checked = await server.client.call('ruleCheck', { params, body: { document: imported.document } });
    expect(checked.problems).toEqual([]);
    expect(checked.rules.map((rule) => rule.labels)).toEqual([['ham'], ['spam'], ['spam'], ['ham']]);
  });

  it('that name a label which is gone silence no other, on new tasks and in comparisons', async () => {
    const own = await newProject([
      { text: 'win a prize', label: 'spam' },
      { text: 'lunch', label: 'ham' },
    ]);
    const params = { project_id: own };
    const both = text('{id: prize, label: spam, keywords: [prize]}', '{id: lunch, label: ham, keywords: [lunch]}');
    await apply(own, both);
    await server.client.call('projectUpdate', { params, body: { label_config: TEXT_CONFIG.replace('ham', 'other') } });
    await importTexts(server.client, own, [
      { text: 'another prize', label: 'spam' },
      { text: 'another lunch', label: 'ham' },
    ]);
    const jobs = await settle(server.client, own);
    const votes = [...(await ruleVotes(server.client, own)).values()].flat();
    expect(votes.filter((vote) => vote.endsWith(' spam'))).toHaveLength(2);
    const [extension] = jobs.filter((job) => job.kind === 'apply-rules' && (job.output as { votes?: number })?.votes);
    expect(extension!.output).toMatchObject({ applied: 1, misfits: [{ rule: 'lunch' }] });
    const document = both.replace('label: ham', 'label: other');
    const diff = await server.client.call('ruleDiff', { params, body: { document } });
    expect(diff).toMatchObject({ gained: 2, lost: 0, flipped: 0, changed: ['lunch'], removed: [] });
    await expect(server.client.call('ruleApply', { params, body: {} })).rejects.toThrow(/no label 'ham'/);
  });

  it('with priorities and vetoes leave only what stands', async () => {
    const own = await newProject([{ text: 'lunch prize', label: 'ham' }]);
    await apply(own, text(PRIZE, '{id: lunch, label: ham, keywords: [lunch], priority: 1}'));
    const votes = [...(await ruleVotes(server.client, own)).values()].flat();
    expect(votes.map((vote) => vote.replace(/@\w+/, ''))).toEqual(['rule:lunch ham']);
  });

  it('are wrong on a task that people gave no label, where several may hold and none contradicts another', async () => {
    const { id } = await server.client.call('projectCreate', {
      body: { title: 'Several', label_config: TEXT_CONFIG.replace('"single"', '"multiple"') },
    });
    const result = [answerOf('spam')];
    const lines = Array.from({ length: 40 }, (_, i) => {
      return JSON.stringify({ data: { text: `free ${i}` }, annotations: [{ result: i < 10 ? result : [] }] });
    });
    const params = { project_id: id };
    await server.client.upload('projectImport', { params, query: { name: 'x.jsonl' } }, bytesOf(lines.join('\n')));
    await settle(server.client, id);
    const document = text('{id: a, label: spam, keywords: [free]}', '{id: b, label: ham, keywords: [free]}');
    const report = await server.client.call('ruleReport', { params, body: { document } });
    expect(report).toMatchObject({ annotated: 40, conflict: 0, overlap: 1, conflicts: [] });
    expect(report.rules.map(({ precision }) => precision)).toMatchObject([
      { n: 40, hits: 10 },
      { n: 40, hits: 0 },
    ]);
    expect(report.rules[0]!.estimated).toBeCloseTo(0.25);
    const preview = await server.client.call('rulePreview', { params, body: { document } });
    expect(preview.contradicted).toHaveLength(40);
  });

  it('that hang lose their votes, say why, and leave the others alone', async () => {
    const evil = "{id: evil, label: spam, regex: '(?<!q)\\w*\\w*\\w*\\w*\\w*\\w*\\w*!$'}";
    const own = await newProject([
      { text: 'a prize!', label: 'spam' },
      { text: 'a'.repeat(190), label: 'spam' },
      { text: 'another winner!', label: 'spam' },
    ]);
    const done = await apply(own, text(PRIZE, evil));
    expect(done).toMatchObject({ state: 'done', failed: 1, withdrawn: [{ rule: 'evil' }] });
    const votes = [...(await ruleVotes(server.client, own)).values()].flat();
    expect(votes.map((vote) => vote.replace(/@\w+/, ''))).toEqual(['rule:prize spam', 'rule:prize spam']);
  });
});

describe('headstart rules', () => {
  const file = join(server.folder, 'rules.yaml');
  const rules = async (...args: string[]) => {
    const { code, stdout, stderr } = await runCommand(['rules', ...args], server.folder);
    const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
    return { code, stdout, stderr, rows: lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
  };

  it('checks, tries, applies and measures the same documents as the API', async () => {
    const projectId = String(await newProject(makeTexts(60)));
    writeFileSync(
      file,
      text('{id: prize, label: spam, keywords: {list: prizes}}', "{id: bad, label: eggs, regex: 'x'}"),
    );
    writeFileSync(join(server.folder, 'prizes.txt'), 'prize\nwinner\n');
    const list = `prizes=${join(server.folder, 'prizes.txt')}`;
    const bad = await rules('check', projectId, file, '--list', list);
    expect(bad).toMatchObject({ code: 65, rows: [{ line: 4, rule: 'bad' }, { safety: 'linear' }] });
    expect(bad.stderr).toContain('line 4');

    expect((await rules('check', projectId, `${file}.gone`)).stderr).toMatch(/INPUT_BAD_FIELD.*gone/);
    const promoted = await rules('promote', projectId, 'ham', 'lunch');
    writeFileSync(file, promoted.stdout);
    expect((await rules('preview', projectId, file)).rows[0]).toMatchObject({ rule: 'lunch', labels: 'ham' });
    const applied = await rules('apply', projectId, file);
    expect(applied).toMatchObject({ code: 0, rows: [{ document: 1, applied: 1 }] });
    expect((await rules('report', projectId)).rows[0]).toMatchObject({ hits: applied.rows[0]!.votes });
    expect((await rules('diff', projectId, file)).rows[0]).toMatchObject({ gained: 0, lost: 0, flipped: 0 });
    expect((await rules('show', projectId)).stdout).toBe(promoted.stdout);
  });
});

describe('a bad document', () => {
  let projectId: number;
  beforeAll(async () => {
    projectId = await newProject(makeTexts(3));
  });

  it.each([
    ['broken YAML', 'headstart_rules: 1\nrules:\n  - {id: a, label: spam, keywords: [x}\n', 3],
    ['an unknown label', text('{id: a, label: eggs, keywords: [x]}'), 3],
    ['an empty list', text('{id: a, label: spam, keywords: []}'), 3],
    ['another version', 'headstart_rules: 7\nrules: []\n', 1],
    ['a fact that tasks do not show', text('{id: a, label: spam, when: {not: {fact: {path: width, min: 9}}}}'), 3],
    ['a control that is not there', text('{id: a, label: spam, control: topic, keywords: [x]}'), 3],
  ])('%s is refused with line and column, and nothing is kept', async (_what, document, line) => {
    const params = { project_id: projectId };
    const details = { line, column: expect.any(Number) };
    await expect(save(projectId, document)).rejects.toMatchObject({ code: 'RULE_BAD_DOCUMENT', details });
    const checked = await server.client.call('ruleCheck', { params, body: { document } });
    expect(checked.problems[0]).toMatchObject({ severity: 'error', line });
    expect(await server.client.call('ruleList', { params })).toEqual([]);
  });
});

/** Long enough to be interrupted, also by a test that has to wait for its turn: 12 chunks, and a vote on every task. */
const LONG = text(
  '{id: all, label: ham, regex: "."}',
  ...Array.from({ length: 120 }, (_, i) => `{id: r${i}, label: spam, regex: '(win|free|cash).* ${i}\\d*$'}`),
);

describe('a cancelled application', () => {
  it('leaves no vote behind, and can be run again', async () => {
    const projectId = await newProject(makeTexts(6_000, 6));
    const { number } = await save(projectId, LONG);
    const job = await server.client.call('ruleApply', { params: { project_id: projectId }, body: { number } });
    await firstVotes(server.client, projectId);
    await server.client.call('jobCancel', { params: { job_id: job.id } });
    await settle(server.client, projectId);
    expect((await rulesRuns(server.client, projectId)).map((run) => run.state)).toEqual(['failed']);
    expect((await ruleVotes(server.client, projectId)).size).toBe(0);
    await server.client.call('jobRetry', { params: { job_id: job.id } });
    await settle(server.client, projectId);
    const [, second] = await rulesRuns(server.client, projectId);
    expect(second).toMatchObject({ state: 'done', written: await expectedVotes(projectId, number) });
  });
});

describe('a paused application', () => {
  const paused = async (projectId: number, number: number) => {
    const job = await server.client.call('ruleApply', { params: { project_id: projectId }, body: { number } });
    const params = { job_id: job.id };
    await firstVotes(server.client, projectId);
    await server.client.call('jobPause', { params });
    await settle(server.client, projectId);
    expect(await server.client.call('jobGet', { params })).toMatchObject({ state: 'paused' });
    expect((await ruleVotes(server.client, projectId)).size).toBe(0);
    return params;
  };

  it('shows no vote, goes on in its run, and casts every vote once', async () => {
    const projectId = await newProject(makeTexts(6_000, 6));
    const { number } = await save(projectId, LONG);
    const params = await paused(projectId, number);
    const [before] = await rulesRuns(server.client, projectId);
    await server.client.call('jobResume', { params });
    await settle(server.client, projectId);
    const written = await expectedVotes(projectId, number);
    expect(await rulesRuns(server.client, projectId)).toMatchObject([{ id: before!.id, state: 'done', written }]);
  });

  it('cancelled, leaves nothing open', async () => {
    const projectId = await newProject(makeTexts(6_000, 6));
    const { number } = await save(projectId, LONG);
    const params = await paused(projectId, number);
    expect(await server.client.call('jobCancel', { params })).toMatchObject({ state: 'cancelled' });
    expect((await rulesRuns(server.client, projectId)).map((run) => run.state)).toEqual(['failed']);
  });
});

describe('kill -9 while rules are applied', () => {
  it('shows no vote of the unfinished run, and ends it after the next start as if nothing had been', async () => {
    const texts = makeTexts(6_000, 5);
    const projectId = await newProject(texts);
    const { number } = await save(projectId, LONG);
    await server.client.call('ruleApply', { params: { project_id: projectId }, body: { number } });
    await firstVotes(server.client, projectId);
    await expectHidden(server.client, projectId);
    await server.again();
    await expectHidden(server.client, projectId);
    await settle(server.client, projectId);
    const runs = await rulesRuns(server.client, projectId);
    expect(runs.map(({ state }) => state)).toEqual(['done']);
    expect(runs[0]!.written).toBe(await expectedVotes(projectId, number));
    expect((await ruleVotes(server.client, projectId)).size).toBe(1000);
  });
});

async function rulesRuns(client: Client, projectId: number) {
  const runs = await client.call('runList', { params: { project_id: projectId } });
  return runs.filter((run) => run.kind === 'rules');
}

/** The first task has its votes by now; as long as the run goes on, nobody sees them. */
async function expectHidden(client: Client, projectId: number): Promise<void> {
  const [task] = await client.call('projectTasks', { params: { project_id: projectId }, query: { page_size: 1 } });
  const votes = await client.call('taskVotes', { params: { task_id: task!.id } });
  const [run] = await rulesRuns(client, projectId);
  if (run!.state === 'running') expect(votes).toEqual([]);
}

async function firstVotes(client: Client, projectId: number): Promise<void> {
  for (;;) {
    const [run] = await rulesRuns(client, projectId);
    if (run !== undefined && run.written > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Votes that the document gives without interruption. */
async function expectedVotes(projectId: number, number: number): Promise<number> {
  const report = await server.client.call('ruleReport', { params: { project_id: projectId }, body: { number } });
  return report.rules.reduce((sum, rule) => sum + rule.hits, 0);
}
