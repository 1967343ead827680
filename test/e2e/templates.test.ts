/** Templates by API and command line, each taking its own sample; and questions that must be answered. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { TEMPLATES, templateNamed } from '../../src/labelconfig/index.ts';
import { MAIN, runCommand } from '../helpers/process.ts';
import { servedFolder } from '../helpers/served.ts';
import { exported, newProject, upload } from '../helpers/transfer.ts';

const server = servedFolder();

describe('templates', () => {
  it('are the same by API and command line, and start a project with its sample', async () => {
    const listed = await server.client.call('templateList');
    expect(listed.map(({ name }) => name)).toEqual(TEMPLATES.map(({ name }) => name));
    const lines = execFileSync(process.execPath, [MAIN, 'templates', '--json']).toString().trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { name: string }).name)).toEqual(TEMPLATES.map(({ name }) => name));
    const shown = execFileSync(process.execPath, [MAIN, 'templates', 'ner']).toString();
    expect(JSON.parse(shown)).toMatchObject({ name: 'ner', label_config: templateNamed('ner').config });
    const made = await runCommand(['init', 'People', '--template', 'ner', '--sample', '--json'], server.folder);
    const { id } = JSON.parse(made.stdout) as { id: number };
    expect((await exported(server.client, id)).map((task) => task.data)).toEqual([templateNamed('ner').sample]);
  });

  it.each(TEMPLATES.map(({ name }) => name))('%s takes its sample task', async (name) => {
    const { config, sample } = templateNamed(name);
    const id = await newProject(server.client, config);
    expect(await upload(server.client, id, [{ data: sample }])).toMatchObject({ task_count: 1 });
    expect((await exported(server.client, id))[0]?.data).toEqual(sample);
  });
});

it('an answer that leaves a required question open is refused by its name', async () => {
  const config = `<View><Text name="text" value="$text"/>
    <Choices name="kind" toName="text" required="true"><Choice value="a"/></Choices>
    <Rating name="stars" toName="text" required="true"/></View>`;
  const id = await newProject(server.client, config);
  await upload(server.client, id, [{ data: { text: 'x' } }]);
  const task = (await exported(server.client, id))[0]!.id!;
  const kind = { from_name: 'kind', to_name: 'text', type: 'choices', value: { choices: ['a'] } };
  const stars = { from_name: 'stars', to_name: 'text', type: 'rating', value: { rating: 3 } };
  const submit = (body: { result: (typeof kind | typeof stars)[]; was_cancelled?: boolean }) =>
    server.client.call('annotationCreate', { params: { task_id: task }, body: body as never });
  await expect(submit({ result: [kind] })).rejects.toMatchObject({
    code: 'INPUT_BAD_RESULT',
    details: { missing: ['stars'] },
  });
  await expect(submit({ result: [] })).rejects.toMatchObject({ details: { missing: ['kind', 'stars'] } });
  await submit({ result: [], was_cancelled: true });
  await submit({ result: [kind, stars] });
});
