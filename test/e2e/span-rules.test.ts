/** Span rules through a real server: exact offsets in any script, shown by next, weighed by annotations, exported, undone. */
import { describe, expect, it } from 'vitest';
import { settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { bytesOf } from '../helpers/texts.ts';

const CONFIG = `<View>
  <Labels name="entity" toName="text"><Label value="Drug"/><Label value="City"/></Labels>
  <Text name="text" value="$text"/>
</View>`;

const server = servedFolder();

const TEXTS = [
  '😀 Ask for aspirin, or Aspirin plus, in Köln.',
  'No drug here.',
  'Принимал аспирин в Москве.',
  ...Array.from({ length: 40 }, (_, i) => `Patient ${i} took aspirin in Berlin and slept.`),
];

const DOCUMENT = `headstart_rules: 1
rules:
  - {id: drugs, label: Drug, spans: true, keywords: [aspirin, аспирин]}
  - {id: took, label: Drug, spans: {group: 1}, regex: 'took (\\w+)'}
  - {id: cities, label: City, spans: true, keywords: [Köln, Berlin]}
`;

async function newProject(): Promise<number> {
  const { id } = await server.client.call('projectCreate', { body: { title: 'Spans', label_config: CONFIG } });
  const lines = TEXTS.map((text) => JSON.stringify({ data: { text } })).join('\n');
  const params = { project_id: id };
  await server.client.upload('projectImport', { params, query: { name: 'texts.jsonl' } }, bytesOf(lines));
  await settle(server.client, id);
  return id;
}

async function apply(projectId: number, document: string) {
  const params = { project_id: projectId };
  await server.client.call('ruleSave', { params, body: { document } });
  const job = await server.client.call('ruleApply', { params, body: {} });
  await settle(server.client, projectId);
  const { output, state } = await server.client.call('jobGet', { params: { job_id: job.id } });
  expect(state).toBe('done');
  return output as { runId: number; marked: number; applied: number };
}

const suggestions = async (projectId: number) => {
  const query = { project: projectId, page_size: 1000 };
  const list = await server.client.call('predictionList', { query });
  return new Map(list.map((one) => [one.task, one]));
};

interface SpanValue {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly labels: readonly string[];
}

const spansOf = (result: readonly { readonly value?: unknown }[]) =>
  result
    .map((region) => region.value as SpanValue)
    .map(({ start, end, text, labels }) => ({ start, end, text, labels }));

describe('span rules', () => {
  it('mark places with exact offsets; next shows them, an export carries each with its rule, undo takes all of it back', async () => {
    const projectId = await newProject();
    const done = await apply(projectId, DOCUMENT);
    expect(done).toMatchObject({ applied: 3 });
    const tasks = await server.client.call('projectTasks', {
      params: { project_id: projectId },
      query: { page_size: 1000 },
    });
    const [first, second, third] = tasks;
    const now = await suggestions(projectId);
    const text = TEXTS[0]!;
    const at = (word: string, from = 0) => ({
      start: text.indexOf(word, from),
      end: text.indexOf(word, from) + word.length,
    });
    expect(spansOf(now.get(first!.id)!.result)).toEqual([
      { ...at('aspirin'), text: 'aspirin', labels: ['Drug'] },
      { ...at('Aspirin'), text: 'Aspirin', labels: ['Drug'] },
      { ...at('Köln'), text: 'Köln', labels: ['City'] },
    ]);
    expect(now.has(second!.id)).toBe(false);
    expect(spansOf(now.get(third!.id)!.result)).toEqual([{ start: 9, end: 16, text: 'аспирин', labels: ['Drug'] }]);
    expect(now.get(first!.id)).toMatchObject({ score: null, model_version: expect.stringMatching(/^label-model@/) });

    const item = await server.client.call('queueNext', { params: { project_id: projectId }, query: {} });
    expect(spansOf(item!.predictions[0]!.result)).toEqual(spansOf(now.get(item!.id)!.result));
    const stored = await server.client.call('predictionList', { query: { task: first!.id } });
    expect(stored.map((one) => one.model_version!.split('@')[0]).sort()).toEqual(
      item!.id === first!.id ? ['cities', 'drugs', 'label-model', 'label-model'] : ['cities', 'drugs', 'label-model'],
    );

    await server.client.call('runUndo', { params: { run_id: done.runId } });
    expect((await suggestions(projectId)).size).toBe(0);
    const after = await server.client.call('predictionList', { query: { task: third!.id } });
    expect(after).toEqual([]);
  });

  it('applied again after a change, only the changed one runs; the others keep their spans', async () => {
    const projectId = await newProject();
    await apply(projectId, DOCUMENT);
    const again = await apply(projectId, DOCUMENT.replace('Köln, Berlin', 'Köln'));
    expect(again.applied).toBe(1);
    const [first, last] = [...(await suggestions(projectId)).values()].flatMap((one, i, all) =>
      i === 0 || i === all.length - 1 ? [one] : [],
    );
    expect(spansOf(first!.result).map((span) => span.text)).toEqual(['aspirin', 'Aspirin', 'Köln']);
    expect(spansOf(last!.result).map((span) => span.text)).toEqual(['aspirin']);
  });

  it('forget what they marked in a text that was changed since, and mark the new one', async () => {
    const projectId = await newProject();
    await apply(projectId, DOCUMENT);
    const [first, second] = await server.client.call('projectTasks', { params: { project_id: projectId }, query: {} });
    const edit = (id: number, text: string) =>
      server.client.call('taskUpdate', { params: { task_id: id }, body: { data: { text } } });
    await edit(first!.id, 'Nothing to be seen here.');
    await edit(second!.id, 'A drug here: aspirin.');
    await settle(server.client, projectId);
    const shown = await suggestions(projectId);
    expect(shown.has(first!.id)).toBe(false);
    expect(spansOf(shown.get(second!.id)!.result).map(({ text }) => text)).toEqual(['aspirin']);
    const { predictions } = await server.client.call('taskGet', { params: { task_id: first!.id } });
    expect(predictions).toEqual([]);
  });

  it('are weighed by what people marked, and then carry a number', async () => {
    const projectId = await newProject();
    const wrong = `${DOCUMENT}  - {id: sleepers, label: City, spans: true, keywords: [slept, Patient]}\n`;
    await apply(projectId, wrong);
    const before = await suggestions(projectId);
    const words = (one: { result: readonly { readonly value?: unknown }[] }) =>
      spansOf(one.result).map((span) => span.text);
    for (let i = 0; i < 30; i++) {
      const item = await server.client.call('queueNext', { params: { project_id: projectId }, query: {} });
      const result = before.get(item!.id)?.result.filter((region) => {
        const { text } = region.value as unknown as SpanValue;
        return text !== 'slept' && text !== 'Patient';
      });
      await server.client.call('annotationCreate', { params: { task_id: item!.id }, body: { result: result ?? [] } });
    }
    await apply(projectId, wrong.replace('Köln', 'Cologne, Köln'));
    const last = [...(await suggestions(projectId)).values()].at(-1)!;
    expect(words(last)).toEqual(['aspirin', 'Berlin']);
    expect(last.score).toBeGreaterThan(0.8);
  });

  it('are measured span by span: half a word right is wrong, and so is a span where people saw none', async () => {
    const projectId = await newProject();
    const params = { project_id: projectId };
    const tasks = await server.client.call('projectTasks', { params, query: { page_size: 1000 } });
    const region = (text: string, word: string, label: string) => {
      const start = text.indexOf(word);
      const value = { start, end: start + word.length, text: word, labels: [label] };
      return { from_name: 'entity', to_name: 'text', type: 'labels', value };
    };
    for (const [i, task] of tasks.slice(3, 23).entries()) {
      const text = String(task.data.text);
      const body = { result: i < 15 ? [region(text, 'took aspirin', 'Drug'), region(text, 'Berlin', 'City')] : [] };
      await server.client.call('annotationCreate', { params: { task_id: task.id }, body });
    }
    const report = await server.client.call('ruleReport', { params, body: { document: DOCUMENT } });
    const precision = Object.fromEntries(report.rules.map((rule) => [rule.id, rule.precision]));
    expect(report.rules.map((rule) => rule.counts)).toEqual(['spans', 'spans', 'spans']);
    expect(precision.drugs).toMatchObject({ n: 20, hits: 0, share: 0 });
    expect(precision.cities).toMatchObject({ n: 20, hits: 15, share: 0.75 });
    expect(precision.cities!.low).toBeCloseTo(0.531, 3);
    expect(report).toMatchObject({
      annotated: 20,
      spans: { precision: { n: 40, hits: 15 }, recall: { n: 30, hits: 15 } },
    });
    const whole = DOCUMENT.replace('group: 1', 'group: 0');
    const better = await server.client.call('rulePreview', { params, body: { document: whole, rule: 'took' } });
    expect(better.rules.find((rule) => rule.id === 'took')!.precision).toMatchObject({ n: 20, hits: 15 });
    expect([better.contradicted.length, better.misses.length]).toEqual([5, 0]);
    const words = await server.client.call('ruleSuggest', { params, query: { label: 'Drug' } });
    expect(words[0]).toMatchObject({ text: 'took aspirin', kind: 'phrase', tasks: 20, correct: 15 });
  });

  it('are made for the text that people mark, where they choose a class by another one', async () => {
    const label_config = `<View>
      <Text name="title" value="$title"/><Choices name="kind" toName="title"><Choice value="note"/></Choices>
      <Text name="body" value="$body"/><Labels name="entity" toName="body"><Label value="Drug"/></Labels>
    </View>`;
    const { id } = await server.client.call('projectCreate', { body: { title: 'Two texts', label_config } });
    const params = { project_id: id };
    const ofSpans = await server.client.call('rulePromote', { params, body: { label: 'Drug', text: 'aspirin' } });
    const document = ofSpans.document;
    const both = await server.client.call('rulePromote', { params, body: { label: 'note', text: 'visit', document } });
    const listed = await server.client.call('ruleImport', {
      params,
      body: { text: 'Drug,ibuprofen\nnote,call\n', document: both.document },
    });
    expect(listed.document.match(/field: data\.\w+/g)).toEqual(
      ['body', 'title', 'body', 'title'].map((name) => `field: data.${name}`),
    );
    const checked = await server.client.call('ruleCheck', { params, body: { document: listed.document } });
    expect(checked.problems).toEqual([]);
  });

  it('say what does not fit when they are checked', async () => {
    const projectId = await newProject();
    const check = async (rule: string) => {
      const document = `headstart_rules: 1\nrules:\n  - ${rule}\n`;
      const { problems } = await server.client.call('ruleCheck', {
        params: { project_id: projectId },
        body: { document },
      });
      return problems.map((one) => one.message).join(' ');
    };
    expect(await check('{id: a, label: Drug, keywords: [x]}')).toMatch(/add `spans: true`/);
    expect(await check('{id: a, label: Drug, spans: true, keywords: {words: [x], field: meta.note}}')).toMatch(
      /data\.text/,
    );
    expect(await check('{id: a, label: Nothing, spans: true, keywords: [x]}')).toMatch(/no label 'Nothing'/);
    expect(await check('{id: a, label: Drug, spans: true, keywords: [x]}')).toBe('');
  });
});
