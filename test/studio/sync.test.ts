/** Keeping in step with a Label Studio project by address and token. */
import { afterEach, describe, expect, it } from 'vitest';
import { answerOf, settle } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';
import { PERSONAL_TOKEN, STUDIO_TOKEN } from './stand-in.ts';
import { type StudioWorld, studioWorld } from './world.ts';

let world: StudioWorld;
afterEach(() => world.close());

const texts = makeTexts(230, 3);

async function open(options: { token?: string; base?: string } = {}) {
  world = await studioWorld(options.base === undefined ? {} : { base: options.base });
  for (const { text } of texts) world.studio.add({ text });
  return connect(options.token);
}

async function connect(token = STUDIO_TOKEN) {
  const made = await world.client.call('studioConnect', {
    body: { url: `${world.studio.url}/`, token, studio_project: 5 },
  });
  const params = { project_id: made.project };
  await world.client.call('projectUpdate', { params, body: { settings: { embedder: 'lexical', retrain_every: 20 } } });
  return { projectId: made.project, params: { connection_id: made.id } };
}

async function sync(params: { connection_id: number }, body: object = {}, projectId = 1) {
  const { id } = await world.client.call('connectionSync', { params, body });
  await settle(world.client, projectId);
  const job = await world.client.call('jobGet', { params: { job_id: id } });
  expect(job.error).toBeNull();
  return job.output as Record<string, unknown>;
}

const count = async (projectId: number) => world.client.call('projectGet', { params: { project_id: projectId } });

describe('a sync', () => {
  it('makes a project from the one over there, brings everything once, and follows what changes', async () => {
    const { projectId, params } = await open();
    const tasks = [...world.studio.tasks.values()];
    for (const [i, task] of tasks.slice(0, 30).entries())
      await world.studio.annotate(task.id, [answerOf(texts[i]!.label)]);
    expect(await sync(params, { dry_run: true })).toMatchObject({ dryRun: true, newTasks: 230, annotations: 30 });
    expect((await count(projectId)).task_number).toBe(0);
    expect(await sync(params)).toMatchObject({ newTasks: 230, annotations: 30, problems: [] });
    expect(await count(projectId)).toMatchObject({ title: 'Mails', task_number: 230, total_annotations_number: 30 });
    await settle(world.client, projectId);
    expect(await sync(params)).toMatchObject({ newTasks: 0, annotations: 0, predictions: { pushed: 230 } });
    expect(await sync(params)).toMatchObject({ newTasks: 0, predictions: { pushed: 0, there: 230 } });
    expect(tasks.every((task) => task.predictions.length === 1)).toBe(true);

    tasks[3]!.data = { text: 'quite another text' };
    tasks[0]!.annotations = [];
    Object.assign(tasks[1]!.annotations[0]!, { result: [answerOf('ham')], updated_at: '2027-01-01T00:00:00Z' });
    world.studio.tasks.delete(tasks[9]!.id);
    expect(await sync(params)).toMatchObject({ changedTasks: 1, goneTasks: 1, goneAnnotations: 1, annotations: 1 });
    expect(await count(projectId)).toMatchObject({ task_number: 229, total_annotations_number: 28 });
  }, 60_000);

  it('loses no task that the pages merely missed', async () => {
    const { projectId, params } = await open();
    const tasks = [...world.studio.tasks.values()];
    expect(await sync(params, { predictions: false })).toMatchObject({ newTasks: 230 });
    world.studio.missed.add(tasks[7]!.id);
    world.studio.tasks.delete(tasks[8]!.id);
    expect(await sync(params, { predictions: false })).toMatchObject({ goneTasks: 1 });
    expect((await count(projectId)).task_number).toBe(229);
  }, 60_000);

  it('takes no answer back that came after the page was made, or that cannot be read', async () => {
    const { projectId, params } = await open();
    const [first, second, third] = [...world.studio.tasks.values()];
    const late = await world.studio.annotate(first!.id, [answerOf('ham')]);
    const odd = await world.studio.annotate(second!.id, [answerOf('ham')]);
    await world.studio.annotate(third!.id, [answerOf('ham')]);
    expect(await sync(params, { predictions: false })).toMatchObject({ annotations: 3 });
    world.studio.missed.add(late.id);
    Object.assign(odd, { result: 'no list' });
    third!.annotations = [];
    expect(await sync(params, { predictions: false })).toMatchObject({
      goneAnnotations: 1,
      problems: [{ task: second!.id }],
    });
    expect((await count(projectId)).total_annotations_number).toBe(2);
  }, 60_000);

  it('sends each prediction once when scores say the order', async () => {
    const { projectId, params } = await open();
    const tasks = [...world.studio.tasks.values()];
    for (const [i, task] of tasks.slice(0, 30).entries())
      await world.studio.annotate(task.id, [answerOf(texts[i]!.label)]);
    await world.client.call('connectionUpdate', { params, body: { settings: { scores: 'order' } } });
    await sync(params);
    await settle(world.client, projectId);
    await world.client.call('train', { params: { project_id: projectId } });
    await settle(world.client, projectId);
    await sync(params);
    expect(await sync(params)).toMatchObject({ predictions: { pushed: 0 } });
    expect(Math.max(...tasks.map((task) => task.predictions.length))).toBe(1);
  }, 60_000);

  it('writes the order of the queue into a field that Label Studio can sort by, and does not read it as data', async () => {
    const { params } = await open();
    await sync(params, { predictions: false });
    expect(await sync(params, { predictions: false, order: true, dry_run: true })).toMatchObject({ ordered: 230 });
    expect(world.studio.requests).not.toContainEqual(expect.stringMatching(/^PATCH/));
    expect(await sync(params, { predictions: false, order: true })).toMatchObject({ ordered: 230 });
    expect(await sync(params, { predictions: false, order: true, dry_run: true })).toMatchObject({ ordered: 0 });
    const places = [...world.studio.tasks.values()]
      .map((task) => Number(task.data.headstart_order))
      .sort((a, b) => a - b);
    expect(places).toEqual(Array.from({ length: 230 }, (_, i) => i + 1));
    expect(await sync(params, { predictions: false })).toMatchObject({ changedTasks: 0 });
    // Nor does another connection, which never wrote any.
    const other = await connect();
    await sync(other.params, { predictions: false }, other.projectId);
    const { tasks } = await world.client.call('taskList', { query: { project: other.projectId } });
    expect(Object.keys(tasks[0]!.data)).toEqual(['text']);
  }, 60_000);

  it('has Label Studio make no predictions of what is only listed', async () => {
    const { params } = await open();
    const { backend_url } = await world.client.call('connectionRenew', { params });
    await world.studio.connect(backend_url);
    world.studio.predictsListed = true;
    expect(await sync(params, { predictions: false, order: true })).toMatchObject({ newTasks: 230, ordered: 230 });
    expect([...world.studio.tasks.values()].flatMap((task) => task.predictions)).toEqual([]);
  }, 60_000);

  it('writes no order over what people keep in a field', async () => {
    const { params } = await open();
    const tasks = [...world.studio.tasks.values()];
    const written = tasks.map(({ data }) => ({ ...data }));
    const use = (order_field: string | null) =>
      world.client.call('connectionUpdate', { params, body: { settings: { order_field } } });
    await expect(use('text')).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining('is shown') });
    // Nobody here has seen a task yet: it is found out before the first number is written.
    for (const task of tasks) task.data.year = 1_999;
    await use('year');
    const ordering = async (body: object) => {
      const { id } = await world.client.call('connectionSync', { params, body: { predictions: false, ...body } });
      await settle(world.client, 1);
      return world.client.call('jobGet', { params: { job_id: id } });
    };
    const refusal = (field: string) => ({
      state: 'failed',
      error: { code: 'CONFLICT', detail: expect.stringContaining(`"${field}" holds data of task`) },
    });
    expect(await ordering({ order: true })).toMatchObject(refusal('year'));
    expect(tasks.map(({ data }) => data)).toEqual(written.map((data) => ({ ...data, year: 1_999 })));
    const { tasks: ours } = await world.client.call('taskList', { query: { project: 1 } });
    expect(ours[0]!.data).toMatchObject({ year: 1_999 });
    for (const task of tasks) task.data.sold = 7;
    await use('sold');
    expect(await ordering({ order: true, direction: 'push' })).toMatchObject(refusal('sold'));
    expect(tasks.every(({ data }) => data.sold === 7)).toBe(true);
    await use(null);
    await expect(use('year')).rejects.toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('holds data'),
    });
    // What somebody writes into a field of ours later stays too.
    tasks[4]!.data.headstart_order = 'mine';
    const done = await ordering({ order: true });
    expect(done).toMatchObject({ state: 'done', output: { ordered: 229 } });
    expect(tasks[4]!.data.headstart_order).toBe('mine');
    const failures = await world.client.call('jobFailures', { params: { job_id: done.id }, query: {} });
    expect(failures.map((one) => one.detail)).toEqual([expect.stringContaining(`task ${tasks[4]!.id}`)]);
  }, 60_000);

  it('reads no order as data after the field was changed, nor by another connection', async () => {
    const { projectId, params } = await open();
    const changed = async () => (await sync(params, { predictions: false }, projectId)).changedTasks;
    await sync(params, { predictions: false, order: true });
    await world.client.call('connectionUpdate', { params, body: { settings: { order_field: 'place' } } });
    expect(await changed()).toBe(0);
    expect(await sync(params, { predictions: false, order: true })).toMatchObject({ ordered: 230 });
    expect(await changed()).toBe(0);
    await world.client.call('connectionUpdate', { params, body: { settings: { order_field: 'rank' } } });
    expect(await changed()).toBe(0);
    const other = await connect();
    await sync(other.params, { predictions: false }, other.projectId);
    const { tasks } = await world.client.call('taskList', { query: { project: other.projectId } });
    expect(Object.keys(tasks[0]!.data)).toEqual(['text']);
    const mine = { settings: { order_field: 'mine' } };
    await world.client.call('connectionUpdate', { params: other.params, body: mine });
    expect(await sync(other.params, { predictions: false, order: true }, other.projectId)).toMatchObject({
      ordered: 230,
    });
    expect(await changed()).toBe(0);
  }, 60_000);

  it('writes the order beside what was changed over there meanwhile, and not over it', async () => {
    const { params } = await open();
    await sync(params, { predictions: false });
    const tasks = [...world.studio.tasks.values()];
    world.studio.changed = () => {
      // Between any write and the next one.
      const next = tasks.find((task) => task.data.headstart_order === undefined);
      if (next) next.data = { text: `mended: ${next.data.text}` };
    };
    await sync(params, { predictions: false, order: true });
    const said = tasks.map(({ data }) => String(data.text));
    expect(said.filter((text) => text.startsWith('mended: '))).toHaveLength(tasks.length - 1);
    expect(tasks.every(({ data }) => Number(data.headstart_order) > 0)).toBe(true);
  }, 60_000);

  it('leaves addresses in a cloud as they were written, and knows such tasks again', async () => {
    const { projectId, params } = await open();
    world.studio.tasks.clear();
    const task = world.studio.add({ text: 'a text', image: 's3://bucket/pic.png' });
    const { backend_url } = await world.client.call('connectionRenew', { params });
    await world.studio.connect(backend_url);
    await world.studio.predictTasks([task.id]);
    const { tasks } = await world.client.call('taskList', { query: { project: projectId } });
    expect(await sync(params, { order: true })).toMatchObject({ newTasks: 0, changedTasks: 0, ordered: 1 });
    expect(task.data).toEqual({ text: 'a text', image: 's3://bucket/pic.png', headstart_order: 1 });
    expect((await world.client.call('taskList', { query: { project: projectId } })).tasks).toEqual(tasks);
  }, 60_000);

  it('ends the run of its tasks when the connection is removed, and leaves them here', async () => {
    const { projectId, params } = await open();
    await sync(params, { predictions: false });
    const run = async () => {
      const runs = await world.client.call('runList', { params: { project_id: projectId } });
      return runs.filter((one) => one.kind === 'import').map(({ state, written }) => [state, written]);
    };
    expect(await run()).toEqual([['running', 230]]);
    await world.client.call('connectionDelete', { params });
    expect(await run()).toEqual([['done', 230]]);
    expect((await count(projectId)).task_number).toBe(230);
  }, 60_000);

  it('ends where the pages end, also when they have become fewer', async () => {
    const { params } = await open();
    for (const task of [...world.studio.tasks.values()].slice(200)) world.studio.tasks.delete(task.id);
    world.studio.told = 230;
    expect(await sync(params, { predictions: false })).toMatchObject({ newTasks: 200, problems: [] });
  }, 60_000);

  it('sends all that Label Studio takes, and names what it does not', async () => {
    const { projectId, params } = await open();
    const tasks = [...world.studio.tasks.values()];
    for (const [i, task] of tasks.slice(0, 30).entries())
      await world.studio.annotate(task.id, [answerOf(texts[i]!.label)]);
    await sync(params, { predictions: false });
    await settle(world.client, projectId);
    const [odd, gone] = [tasks[40]!.id, tasks[141]!.id];
    world.studio.refused.add(odd);
    world.studio.tasks.delete(gone);
    const { tasks: ours } = await world.client.call('taskList', { query: { project: projectId, page_size: 1_000 } });
    for (const task of ours.filter((one) => [odd, gone, tasks[50]!.id].includes(Number(one.meta.labelStudioId)))) {
      const result = [answerOf('ham')];
      await world.client.call('annotationCreate', { params: { task_id: task.id }, body: { result } });
    }
    expect(await sync(params, { direction: 'push', order: true })).toMatchObject({
      answers: { created: 1, refused: 2 },
      predictions: { pushed: 228, refused: 2 },
      ordered: 229,
    });
    const left = tasks.filter((task) => task.id !== gone);
    expect(left.map((task) => task.predictions.length)).toEqual(left.map((task) => (task.id === odd ? 0 : 1)));
    const [job] = (await settle(world.client, projectId)).filter((one) => one.kind === 'studio-sync');
    const failures = await world.client.call('jobFailures', { params: { job_id: job!.id }, query: {} });
    expect(failures.map((one) => one.detail)).toEqual([
      expect.stringContaining('with 400'),
      expect.stringMatching(/with 40[04]/),
    ]);
  }, 60_000);

  it('works below a sub-path, and with a personal token whose access runs out', async () => {
    const { projectId, params } = await open({ token: PERSONAL_TOKEN, base: '/label-studio' });
    world.studio.expireAccess();
    expect(await sync(params)).toMatchObject({ newTasks: 230 });
    expect((await count(projectId)).task_number).toBe(230);
    expect(world.studio.refreshed).toBeGreaterThan(1);
  }, 60_000);

  it('says what is wrong with the token, the project and the address', async () => {
    const { params } = await open();
    const sentence = async () =>
      (await world.client.call('connectionDoctor', { params })).find((one) => one.part === 'server')?.sentence;
    expect(await sentence()).toMatch(/^Label Studio answers at /);
    await world.client.call('connectionUpdate', { params, body: { token: 'wrong' } });
    expect(await sentence()).toMatch(/401.*the token is not accepted.*check the token/);
    await world.client.call('connectionUpdate', { params, body: { token: STUDIO_TOKEN, studio_project: 6 } });
    expect(await sentence()).toMatch(/404.*wrong project number/);
    await world.client.call('connectionUpdate', { params, body: { token: null } });
    expect(await sentence()).toMatch(/give its address and a token/);
  }, 60_000);
});
