/** Bulk jobs as people steer them: killed, paused over a restart, resumed, asked again for what failed. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { LIMITS } from '../../src/core/limits.ts';
import type { JobWire } from '../../src/server/contract/index.ts';
import { colourClassifier } from '../helpers/models.ts';
import { runCommand, type ServerProcess, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { createTextProject, importTexts, settle } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';

let data: ReturnType<typeof temporaryFolder>;
let server: ServerProcess;

beforeEach(() => {
  data = temporaryFolder();
});

afterEach(async () => {
  await server.stop();
  data.remove();
});

async function command(...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await runCommand([...args, '--json'], data.folder);
  expect(code, stderr).toBe(0);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Items that a model has answered since the server started. */
async function answered(model: string): Promise<number> {
  const parts: Uint8Array[] = [];
  for await (const part of await server.client.download('metrics', {})) parts.push(part);
  const text = Buffer.concat(parts).toString();
  const start = `headstart_items_total{model="${model}",outcome="done"} `;
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(start))
      ?.slice(start.length) ?? 0,
  );
}

async function until(jobId: number, reached: (job: JobWire) => boolean): Promise<JobWire[]> {
  const seen: JobWire[] = [];
  for (;;) {
    const job = await server.client.call('jobGet', { params: { job_id: jobId } });
    seen.push(job);
    if (reached(job) || job.acts.includes('retry') || job.state === 'done') return seen;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

it('goes on after a crash with one chunk lost at most, stays paused over a restart, and resumes where it was', {
  timeout: 240_000,
}, async () => {
  const [few, all] = [1_000, 8_000];
  server = await startServerProcess(data.folder);
  const projectId = await createTextProject(server.client, { embedder: 'use-lite' });
  const params = { project_id: projectId };
  await importTexts(server.client, projectId, makeTexts(all));
  const jobs = await server.client.call('jobList', { query: { project: projectId } });
  const { id } = jobs.find(({ kind, params }) => kind === 'embed' && params.embedder === 'use-lite')!;

  const beforeCrash = (await until(id, ({ done }) => done >= few)).at(-1)!.done;
  await server.kill();
  server = await startServerProcess(data.folder);
  const afterCrash = await until(id, ({ done }) => done >= beforeCrash + few);
  // Asked at once: a command takes as long to start as thousands of texts take a fast machine.
  await server.client.call('jobPause', { params: { job_id: id } });
  expect(afterCrash.at(-1)).toMatchObject({ state: 'running', attempts: 2 });
  const paused = (await until(id, ({ state }) => state === 'paused')).at(-1)!;
  expect(paused).toMatchObject({ state: 'paused', acts: ['resume', 'cancel'], rate: null, seconds_left: null });
  // Nothing is left to do, and that is no error.
  await command('jobs', 'pause', String(id));
  const computed = await answered('use-lite');
  // More may have been through before the crash than was told by then.
  expect(computed).toBeGreaterThan(0);
  expect(computed).toBeLessThanOrEqual(paused.done - beforeCrash + LIMITS.jobChunkRows);

  await server.kill();
  server = await startServerProcess(data.folder);
  // More work of the same kind does not wake it.
  await importTexts(server.client, projectId, makeTexts(5, 2), all + 1);
  await server.client.call('prelabel', { params });
  await settle(server.client, projectId);
  expect((await until(id, () => true))[0]).toMatchObject({ state: 'paused', done: paused.done });
  expect(await answered('use-lite')).toBe(0);

  await command('jobs', 'resume', String(id));
  const resumed = await until(id, ({ state }) => state === 'done');
  expect(resumed.at(-1)).toMatchObject({ state: 'done', done: all + 5, failed: 0, output: { embedded: all + 5 } });
  // Of what was there when it was paused nothing was computed again.
  expect(await answered('use-lite')).toBe(all + 5 - paused.done);
  const told = [...afterCrash, ...resumed].filter(({ rate }) => rate !== null);
  for (const { rate, seconds_left, done, total } of told) {
    expect(seconds_left).toBe(Math.ceil((total - done) / rate!));
  }
  await settle(server.client, projectId);
  await expect(server.client.call('jobPause', { params: { job_id: id } })).rejects.toMatchObject({ code: 'CONFLICT' });
});

it('asks again for what failed and for nothing else, and lists what fails once more', {
  timeout: 120_000,
}, async () => {
  const away = new Set(['2.png', '4.png', '5.png']);
  const pictures = await pictureServer(away);
  onTestFinished(() => void pictures.server.close());
  server = await startServerProcess(data.folder, ['--allow-address', pictures.address]);
  const folder = join(data.folder, 'colours');
  mkdirSync(folder);
  writeFileSync(join(folder, 'model.onnx'), colourClassifier());
  writeFileSync(join(folder, 'labels.txt'), 'red\ngreen\nblue');
  await command('models', 'add', folder);
  const models = ['image-descriptor', 'colours'];
  // A model is tried when it is added.
  const before = await Promise.all(models.map(answered));
  const asked = async () => (await Promise.all(models.map(answered))).map((items, i) => items - before[i]!);
  const label_config = `<View><Image name="image" value="$image"/><Choices name="colour" toName="image">
    <Choice value="red"/><Choice value="green"/><Choice value="blue"/></Choices></View>`;
  const project = await server.client.call('projectCreate', { body: { title: 'Colours', label_config } });
  const params = { project_id: project.id };
  await server.client.call('modelBind', { params, body: { control: 'colour', model: 'colours' } });
  const rows = Array.from({ length: 6 }, (_, i) => ({ data: { image: `http://${pictures.address}/${i}.png` } }));
  await server.client.upload(
    'projectImport',
    { params, query: { name: 'pictures.json' } },
    (async function* () {
      yield Buffer.from(JSON.stringify(rows));
    })(),
  );
  const ended = await settle(server.client, project.id);
  const embed = ended.find(({ kind }) => kind === 'embed')!;
  const prelabel = ended.find(({ kind }) => kind === 'prelabel-by-model')!;
  for (const job of [embed, prelabel]) expect(job).toMatchObject({ state: 'done', failed: 3, acts: ['retry'] });
  expect(await asked()).toEqual([3, 3]);
  const failures = await command('jobs', 'failures', String(prelabel.id));
  expect(failures).toHaveLength(3);
  for (const one of failures) expect(one).toMatchObject({ code: 'MEDIA_FETCH', detail: expect.stringMatching(/500/) });
  const page = { params: { job_id: prelabel.id }, query: { after: Number(failures[0]!.task), limit: 1 } };
  expect(await server.client.call('jobFailures', page)).toEqual([failures[1]]);

  away.delete('2.png');
  away.delete('4.png');
  for (const { id } of [embed, prelabel]) {
    await command('jobs', 'retry', String(id));
    const again = (await until(id, ({ state }) => state === 'done')).at(-1)!;
    expect(again).toMatchObject({ state: 'done', done: 3, total: 3, failed: 1, acts: ['retry'] });
    await settle(server.client, project.id);
  }
  expect(await command('jobs', 'failures', String(prelabel.id))).toMatchObject([{ task: failures[2]!.task }]);
  expect(await asked()).toEqual([5, 5]);
  const tasks = await server.client.call('projectTasks', { params });
  for (const { id } of tasks) {
    const votes = await server.client.call('taskVotes', { params: { task_id: id } });
    expect(votes.filter(({ kind }) => kind === 'model')).toHaveLength(id === failures[2]!.task ? 0 : 1);
  }

  away.clear();
  for (const { id } of [embed, prelabel]) {
    await server.client.call('jobRetry', { params: { job_id: id } });
    expect((await until(id, () => false)).at(-1)).toMatchObject({ state: 'done', failed: 0, acts: [] });
    const nothing = server.client.call('jobRetry', { params: { job_id: id } });
    await expect(nothing).rejects.toMatchObject({ code: 'CONFLICT' });
  }
  await settle(server.client, project.id);
  expect(await asked()).toEqual([6, 6]);
});

/** Colours by number; those in `away` are answered with 500. */
async function pictureServer(away: ReadonlySet<string>): Promise<{ server: Server; address: string }> {
  const colours = ['#f00', '#0f0', '#00f'];
  const server = createServer((request, response) => {
    const name = request.url!.slice(1);
    if (away.has(name)) {
      response.writeHead(500).end();
      return;
    }
    const size = 9 + Number.parseInt(name, 10);
    const background = colours[size % colours.length]!;
    const picture = sharp({ create: { width: size, height: size, channels: 3, background } })
      .png()
      .toBuffer();
    void picture.then((bytes) => response.writeHead(200, { 'content-type': 'image/png' }).end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}
