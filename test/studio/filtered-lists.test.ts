/** Lists by filter while somebody labels, and acts on what a filter chooses: neither goes by what was true before. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient } from '../../src/cli/client.ts';
import { type Running, startServer } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { temporaryFolder } from '../helpers/process.ts';
import { answerOf, createTextProject, importTexts, settle } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';

const { folder, remove } = temporaryFolder();
let running: Running;

beforeAll(async () => {
  running = await startServer(readConfig({ data: folder, port: '0', hosts: '1', log: 'silent' }, {}));
});

afterAll(async () => {
  await running.close();
  remove();
});

const labeledBy = (people: number) => ({
  conjunction: 'and',
  items: [{ filter: 'filter:tasks:total_annotations', operator: 'equal', value: people, type: 'Number' }],
});

it('shows and deletes what the filter chooses now, and turns the pages of one state', async () => {
  const client = createClient(running.url, running.secret);
  const projectId = await createTextProject(client);
  await importTexts(client, projectId, makeTexts(6, 1));
  await settle(client, projectId);
  const unlabeled = async (page: number) => {
    const query = { project: projectId, page, page_size: 2, query: JSON.stringify({ filters: labeledBy(0) }) };
    return (await client.call('taskList', { query })).tasks.map((task) => task.id);
  };
  const label = (id: number) =>
    client.call('annotationCreate', { params: { task_id: id }, body: { result: [answerOf('ham')] } });
  const [first, second] = await unlabeled(1);
  await label(first!);
  const [third, fourth] = await unlabeled(2);
  expect(third).toBe(second! + 1);
  expect(await unlabeled(1)).toEqual([second, third]);

  const deleteLabeled = () =>
    client.call('dataManagerAction', {
      query: { project: projectId, id: 'delete_tasks', view: 0 },
      body: { filters: labeledBy(1), selectedItems: { all: true, excluded: [] } },
    });
  expect(await deleteLabeled()).toMatchObject({ processed_items: 1 });
  await label(fourth!);
  expect(await deleteLabeled()).toMatchObject({ processed_items: 1 });
  const { tasks } = await client.call('taskList', { query: { project: projectId } });
  expect(tasks.map((task) => task.id)).toEqual([second, third, fourth! + 1, fourth! + 2]);
});

it('deletes of a view what the call selects, and nothing else', async () => {
  const client = createClient(running.url, running.secret);
  const project = await createTextProject(client);
  await importTexts(client, project, makeTexts(6, 2));
  await settle(client, project);
  const left = async () => (await client.call('taskList', { query: { project } })).tasks.map((task) => task.id);
  const [first, second, third, ...others] = await left();
  await client.call('annotationCreate', { params: { task_id: first! }, body: { result: [answerOf('ham')] } });
  const view = await client.call('viewCreate', { body: { project, data: { filters: labeledBy(0) } } });
  const remove = (selectedItems: { all: boolean; included?: number[]; excluded?: number[] }) =>
    client.call('dataManagerAction', {
      query: { project, id: 'delete_tasks', view: view.id },
      body: { selectedItems },
    });
  expect(await remove({ all: false, included: [first!, second!] })).toMatchObject({ processed_items: 1 });
  expect(await left()).toEqual([first, third, ...others]);
  expect(await remove({ all: true, excluded: others })).toMatchObject({ processed_items: 1 });
  expect(await left()).toEqual([first, ...others]);
});
