/** Rules that look within regions, through a real server: what people marked, else what models marked, never what rules did. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Region } from '../../src/core/domain.ts';
import { settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { bytesOf } from '../helpers/texts.ts';

const CONFIG = `<View>
  <Labels name="part" toName="text"><Label value="Quote"/><Label value="Name"/></Labels>
  <Choices name="mood" toName="text"><Choice value="glad"/><Choice value="sad"/></Choices>
  <Text name="text" value="$text"/>
</View>`;
const TEXT = 'She said "what a win" and left.';

const server = servedFolder();
let projectId: number;
let ids: number[];

beforeAll(async () => {
  const { id } = await server.client.call('projectCreate', { body: { title: 'Regions', label_config: CONFIG } });
  projectId = id;
  const lines = Array.from({ length: 6 }, () => JSON.stringify({ data: { text: TEXT } })).join('\n');
  await server.client.upload(
    'projectImport',
    { params: { project_id: id }, query: { name: 't.jsonl' } },
    bytesOf(lines),
  );
  await settle(server.client, id);
  ids = (await server.client.call('projectTasks', { params: { project_id: id }, query: {} })).map((task) => task.id);
});

const region = (words: string, label: string) => {
  const start = TEXT.indexOf(words);
  const value = { start, end: start + words.length, text: words, labels: [label] };
  return { from_name: 'part', to_name: 'text', type: 'labels', value };
};
const QUOTE = region('what a win', 'Quote');

const document = (...rules: string[]) => `headstart_rules: 1\nrules:\n${rules.map((one) => `  - ${one}\n`).join('')}`;
const INSIDE = '{id: inside, label: glad, within: {region: Quote, of: {keywords: [win]}}}';
const OUTSIDE = '{id: outside, label: sad, when: {not: {within: {region: Quote, of: {keywords: [win]}}}}}';
const MARKS = '{id: marks, label: Quote, spans: true, regex: "what a win"}';

async function apply(text: string) {
  const params = { project_id: projectId };
  await server.client.call('ruleSave', { params, body: { document: text } });
  const job = await server.client.call('ruleApply', { params, body: {} });
  await settle(server.client, projectId);
  const { output } = await server.client.call('jobGet', { params: { job_id: job.id } });
  return output as { runId: number; applied: number };
}

async function votes(): Promise<string[]> {
  const all = await Promise.all(ids.map((id) => server.client.call('taskVotes', { params: { task_id: id } })));
  return all.map((own) => own.map((vote) => vote.labeler.split('@')[0]!.slice('rule:'.length)).join(' '));
}

describe('rules within regions', () => {
  it('see what people marked before what models marked, and nothing that rules marked', async () => {
    const { client } = server;
    const annotate = (task: number, result: Region[]) =>
      client.call('annotationCreate', { params: { task_id: ids[task]! }, body: { result } });
    const predict = (task: number, result: Region[]) =>
      client.call('predictionCreate', { body: { task: ids[task]!, result, model_version: 'm1' } });
    await annotate(0, [QUOTE]);
    await predict(1, [QUOTE]);
    await predict(2, [QUOTE]);
    await annotate(2, [region('She', 'Quote')]);
    await predict(3, [region('said', 'Quote')]);
    await predict(3, [QUOTE]);
    await predict(4, [region('win', 'Name')]);
    const first = await apply(document(MARKS, INSIDE, OUTSIDE));
    expect(await votes()).toEqual(['inside', 'inside', 'outside', 'inside', 'outside', 'outside']);

    const params = { project_id: projectId };
    const preview = await client.call('rulePreview', { params, body: { document: document(INSIDE), rule: 'inside' } });
    expect(preview.hits.map((task) => task.task)).toEqual([ids[0], ids[1], ids[3]]);
    const { start, end } = preview.hits[0]!.matches[0]!;
    expect(TEXT.slice(start, end)).toBe('win');
    await client.call('runUndo', { params: { run_id: first.runId } });
    expect((await votes()).join('')).toBe('');
  });

  it('are applied anew each time, because regions may have changed', async () => {
    await apply(document(INSIDE));
    await server.client.call('annotationCreate', { params: { task_id: ids[5]! }, body: { result: [QUOTE] } });
    expect(await apply(document(INSIDE))).toMatchObject({ applied: 1 });
    expect(await votes()).toEqual(['inside', 'inside', '', 'inside', '', 'inside']);
  });

  it('are refused for regions that there are not', async () => {
    const check = async (rule: string) => {
      const body = { document: document(rule) };
      return (await server.client.call('ruleCheck', { params: { project_id: projectId }, body })).problems;
    };
    const unknown = await check(INSIDE.replace('Quote', 'Quota'));
    expect(unknown).toMatchObject([
      { severity: 'error', line: 3, message: expect.stringMatching(/'Quota'.*Quote, Name/) },
    ]);
    const elsewhere = await check(INSIDE.replace('[win]', '{words: [win], field: meta.note}'));
    expect(elsewhere).toMatchObject([
      { line: 3, message: expect.stringMatching(/lie in 'data\.text', not in 'meta\.note'/) },
    ]);
    expect(await check(INSIDE)).toEqual([]);
  });
});
