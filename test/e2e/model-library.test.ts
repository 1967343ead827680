/** Models that people add, through a real server: dropped into a folder, bound to a control, asked about real photos. */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Client } from '../../src/cli/client.ts';
import { formOf } from '../../src/cli/model-files.ts';
import type { Region } from '../../src/core/domain.ts';
import { colourClassifier, TOKENIZER, textClassifier } from '../helpers/models.ts';
import { runCommand, type ServerProcess, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { importTexts, settle } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';
import { download } from '../helpers/transfer.ts';

const MODELS = resolve(import.meta.dirname, '../../../shared/models');
const PHOTOS = resolve(import.meta.dirname, '../../../shared/data/images/test-images');
const data = temporaryFolder();
let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess(data.folder);
});

afterAll(async () => {
  await server.stop();
  data.remove();
});

const newProject = async (labelConfig: string): Promise<number> => {
  const body = { title: 'Models', label_config: labelConfig, settings: { embedder: 'lexical', blind_share: 0 } };
  return (await server.client.call('projectCreate', { body })).id;
};

async function command(...args: string[]): Promise<Record<string, unknown>[]> {
  const { code, stdout, stderr } = await runCommand(args, data.folder);
  expect(code, stderr).toBe(0);
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function uploadPictures(client: Client, projectId: number, files: Readonly<Record<string, Uint8Array>>) {
  const folder = join(data.folder, `pictures-${projectId}`);
  mkdirSync(folder);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(folder, name), bytes);
  const { body, contentType } = formOf(Object.keys(files).map((name) => join(folder, name)));
  const options = { params: { project_id: projectId }, query: { as_tasks: true } };
  return client.upload('uploadsCreate', options, body, contentType);
}

/** Tasks by the name of the file that they came from. */
async function taskIds(projectId: number): Promise<Map<string, number>> {
  const params = { project_id: projectId };
  const tasks = await server.client.call('projectTasks', { params, query: { page_size: 1_000 } });
  return new Map(tasks.map(({ id, meta }) => [String(meta.file), id]));
}

const predictionsOf = (taskId: number) => server.client.call('predictionList', { query: { task: taskId } });

describe.skipIf(!existsSync(MODELS) && process.env.CI !== 'true')(
  'the models beside the repository (../shared/models)',
  () => {
    const photos = (): Record<string, Uint8Array> =>
      Object.fromEntries(
        readdirSync(PHOTOS)
          .filter((name) => name.endsWith('.jpg'))
          .map((name) => [name, readFileSync(join(PHOTOS, name))]),
      );

    it('YOLOX, added by its folder, finds its golden boxes in real photos, and the label page shows them', async () => {
      const [added] = await command('models', 'add', join(MODELS, 'yolox_nano'), '--license', 'Apache-2.0');
      expect(added).toMatchObject({ kind: 'object-detection', classes: 80, serving: true });
      const projectId = await newProject(`<View><Image name="image" value="$image"/>
      <RectangleLabels name="box" toName="image"><Label value="Dog"/><Label value="Kite"/>
        <Label value="Human" predicted_values="person"/><Label value="Ghost"/></RectangleLabels></View>`);
      await uploadPictures(server.client, projectId, photos());
      await settle(server.client, projectId);
      const [fit] = await command('models', 'fit', String(projectId));
      expect(fit).toMatchObject({ control: 'box', model: 'yolox-nano', mapped: 3, labels_left_over: 'Ghost' });
      const [job] = await command('models', 'bind', String(projectId), 'yolox-nano');
      expect(job).toMatchObject({ state: 'done', predicted: 7, failed: 0 });

      const ids = await taskIds(projectId);
      const [pets] = await predictionsOf(ids.get('pets.jpg')!);
      expect(pets!.model_version).toBe(job!.model);
      const dogs = pets!.result as unknown as { value: Record<string, number & string[]>; original_width: number }[];
      expect(dogs.map(({ value }) => value.rectanglelabels)).toEqual([['Dog'], ['Dog']]);
      // Golden: dog 0.896 [109.7, 35.4, 255.9, 296.0] in a photo of 512 x 430.
      const first = dogs[0]!;
      expect(first.original_width).toBe(512);
      expect((first.value.x as number) * 5.12).toBeCloseTo(109.69, -1);
      expect((first.value.width as number) * 5.12).toBeCloseTo(255.87 - 109.69, -1);
      const [kites] = await predictionsOf(ids.get('kite_and_cold.jpg')!);
      const names = kites!.result.map((region) => (region.value as { rectanglelabels: string[] }).rectanglelabels[0]);
      expect(names.filter((name) => name === 'Human').length).toBeGreaterThanOrEqual(3);

      const params = { project_id: projectId };
      const seen: number[] = [];
      const suggested: Region[][] = [];
      for (let left = ids.size; left > 0; left--) {
        const query = { exclude: seen.join(',') };
        const next = await server.client.call('queueNext', { params, query });
        seen.push(next!.id);
        const found = (await predictionsOf(next!.id))[0]!.result;
        // Photos in which the model found nothing come without a suggestion.
        if (found.length > 0) suggested.push([...next!.predictions[0]!.result]);
        if (found.length > 0) expect(suggested.at(-1)).toEqual(found);
      }
      expect(suggested).toHaveLength(3);
      const exported = JSON.parse(
        String(await download(server.client, projectId, 'JSON', { labels: 'predictions' })),
      ) as {
        predictions: { result: Region[] }[];
      }[];
      expect(exported.filter(({ predictions }) => predictions.some(({ result }) => result.length > 0)).length).toBe(3);

      await server.client.call('runUndo', { params: { run_id: Number(job!.runId) } });
      // What was shown to somebody stays on record; of the run nothing is left.
      const ofRun = async () => (await predictionsOf(ids.get('pets.jpg')!)).filter(({ run }) => run !== null);
      expect(await ofRun()).toEqual([]);
      await server.client.call('runRedo', { params: { run_id: Number(job!.runId) } });
      expect(await ofRun()).toHaveLength(1);
    });

    it('MobileNet, added by its folder, pre-labels photos through the synonyms of its classes', async () => {
      const [added] = await command('models', 'add', join(MODELS, 'mobilenet_v2'), '--name', 'mobilenet-v2');
      expect(added).toMatchObject({ kind: 'image-classification', classes: 1001, dim: 1280 });
      const projectId = await newProject(`<View><Image name="image" value="$image"/>
      <Choices name="kind" toName="image"><Choice value="hot dog"/><Choice value="macaw"/>
        <Choice value="cat" predicted_values="Egyptian cat"/></Choices></View>`);
      await uploadPictures(server.client, projectId, photos());
      await settle(server.client, projectId);
      const [job] = await command('models', 'bind', String(projectId), 'mobilenet-v2');
      expect(job).toMatchObject({ state: 'done', failed: 0 });
      const ids = await taskIds(projectId);
      const votesOn = async (name: string) => {
        const votes = await server.client.call('taskVotes', { params: { task_id: ids.get(name)! } });
        return votes.map(({ labeler, label }) => [labeler, label]);
      };
      const voter = `model:${added!.id}`;
      expect(await votesOn('hot_dog.jpg')).toContainEqual([voter, 'hot dog']);
      expect(await votesOn('parrot.jpg')).toContainEqual([voter, 'macaw']);
      expect(await votesOn('cat_720p.jpg')).toContainEqual([voter, 'cat']);
      const [suggested] = (await predictionsOf(ids.get('parrot.jpg')!)).filter(({ result }) => result.length > 0);
      expect(suggested!.result[0]!.value).toEqual({ choices: ['macaw'] });
    });
  },
);

describe('a bulk pre-label job by a model', () => {
  const TEXTS = `<View><Text name="text" value="$text"/>
    <Choices name="label" toName="text"><Choice value="spam"/><Choice value="ham"/></Choices></View>`;
  const COLOURS = `<View><Image name="image" value="$image"/>
    <Choices name="colour" toName="image"><Choice value="red"/><Choice value="green"/><Choice value="blue"/></Choices></View>`;

  function folderWith(name: string, files: Readonly<Record<string, string | Uint8Array>>): string {
    const folder = join(data.folder, 'drop', name);
    mkdirSync(folder, { recursive: true });
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);
    return folder;
  }

  const WORDS = [
    ['meeting', 'lunch', 'report'],
    ['win', 'prize', 'free'],
  ];
  const spamFolder = (name: string, bias = 0) =>
    folderWith(name, {
      'model.onnx': textClassifier(WORDS, bias),
      'labels.txt': 'Ham\nSPAM',
      'tokenizer.json': TOKENIZER,
    });

  it('votes on old and new tasks once, survives a kill without a lost or doubled vote, and is undone as a whole', async () => {
    await command('models', 'add', spamFolder('words'));
    const projectId = await newProject(TEXTS);
    const texts = makeTexts(3_000);
    await importTexts(server.client, projectId, texts);
    const params = { project_id: projectId };
    await server.client.call('modelBind', { params, body: { control: 'label', model: 'words' } });
    const [job] = await server.client.call('modelPrelabel', { params });
    for (;;) {
      const { done, state } = await server.client.call('jobGet', { params: { job_id: job!.id } });
      if (done >= 500 || state === 'done') break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await server.kill();
    server = await startServerProcess(data.folder);
    await settle(server.client, projectId);
    const ended = await server.client.call('jobGet', { params: { job_id: job!.id } });
    const { runId } = ended.output as { runId: number };
    expect(ended).toMatchObject({ state: 'done', failed: 0 });
    const votes = await allVotes(runId);
    expect(votes.length).toBe(3_000);
    expect(new Set(votes.map(({ task }) => task)).size).toBe(3_000);

    await importTexts(server.client, projectId, makeTexts(10, 2), 5_000);
    await settle(server.client, projectId);
    const runs = (await server.client.call('runList', { params })).filter(({ kind }) => kind === 'prelabel');
    expect(runs.map(({ written }) => written)).toEqual([3_000, 10]);
    for (const run of runs) await server.client.call('runUndo', { params: { run_id: run.id } });
    const [task] = await server.client.call('projectTasks', { params, query: { page_size: 1 } });
    expect(await server.client.call('taskVotes', { params: { task_id: task!.id } })).toEqual([]);
  });

  it('cancelled, goes on by retry in the same run, and lists what cannot be read', async () => {
    await command(
      'models',
      'add',
      folderWith('colours', { 'model.onnx': colourClassifier(), 'labels.txt': 'red\ngreen\nblue' }),
    );
    const projectId = await newProject(COLOURS);
    const paint = (background: string) =>
      sharp({ create: { width: 9, height: 9, channels: 3, background } })
        .png()
        .toBuffer();
    await uploadPictures(server.client, projectId, { 'a.png': await paint('#f00'), 'b.png': await paint('#00f') });
    const params = { project_id: projectId };
    await server.client.upload(
      'projectImport',
      { params, query: { name: 'more.json' } },
      (async function* () {
        yield Buffer.from(JSON.stringify([{ data: { image: 'data:image/png;base64,AAAA' } }]));
      })(),
    );
    await settle(server.client, projectId);
    await server.client.call('modelBind', { params, body: { control: 'colour', model: 'colours' } });
    const [job] = await server.client.call('modelPrelabel', { params });
    await server.client.call('jobCancel', { params: { job_id: job!.id } });
    await settle(server.client, projectId);
    const stopped = await server.client.call('jobGet', { params: { job_id: job!.id } });
    if (stopped.state === 'cancelled') await server.client.call('jobRetry', { params: { job_id: job!.id } });
    await settle(server.client, projectId);
    const ended = await server.client.call('jobGet', { params: { job_id: job!.id } });
    expect(ended).toMatchObject({ state: 'done', failed: 1, output: { predicted: 2, failed: 1 } });
    const [failure] = await server.client.call('jobFailures', { params: { job_id: job!.id } });
    expect(failure!.detail).not.toBe('');
    const ids = await taskIds(projectId);
    const votes = await server.client.call('taskVotes', { params: { task_id: ids.get('b.png')! } });
    expect(votes.map(({ label }) => label)).toContain('blue');
  });

  it('a new version takes over, is compared on the same tasks, and is rolled back', async () => {
    const [first] = await command('models', 'list').then((all) =>
      all.filter(({ id }) => String(id).startsWith('words@')),
    );
    const [second] = await command('models', 'add', spamFolder('words', 50));
    expect(second!.id).not.toBe(first!.id);
    const projectId = await newProject(TEXTS);
    await importTexts(server.client, projectId, makeTexts(40));
    await settle(server.client, projectId);
    const [figures, ...differing] = await command(
      'models',
      'diff',
      String(projectId),
      String(first!.id),
      String(second!.id),
    );
    expect(figures).toMatchObject({ compared: 40, failed: 0 });
    const jobs = await server.client.call('jobList', { query: { project: projectId } });
    expect(jobs.find(({ kind }) => kind === 'compare-models')).toMatchObject({ done: 40, total: 40 });
    expect(Number(figures!.agreed) + differing.length).toBe(40);
    expect(differing.every(({ to }) => to === 'ham')).toBe(true);
    expect(await command('models', 'rollback', 'words')).toMatchObject([{ id: first!.id, serving: true }]);
    const acts = (await command('models', 'history', 'words')).map(({ act }) => act);
    expect(acts.slice(-3)).toEqual(['added', 'served', 'rolled back']);
    expect((await runCommand(['models', 'history', 'wrods'], data.folder)).stderr).toContain("no model 'wrods'");
    expect(await command('models', 'history', 'lexical')).toEqual([]);
    expect((await command('models', 'verify', 'words')).every(({ ok }) => ok === true)).toBe(true);
    expect((await command('models', 'bench', 'words'))[0]).toMatchObject({ id: first!.id });

    // A shadow is asked beside the serving version, and nobody sees what it says.
    await command('models', 'remove', String(second!.id));
    await command('models', 'add', spamFolder('words', 50), '--shadow');
    await server.client.call('modelBind', {
      params: { project_id: projectId },
      body: { control: 'label', model: 'words' },
    });
    const [job] = await command('models', 'prelabel', String(projectId));
    expect(job).toMatchObject({ model: first!.id, shadow: { model: second!.id, compared: 40 } });
    expect((job!.shadow as { agreed: number }).agreed).toBe(figures!.agreed);
    const refused = await runCommand(['models', 'remove', String(first!.id)], data.folder);
    expect(refused.stderr).toContain('CONFLICT');
  });

  it('says why a pull failed as if it had failed here', async () => {
    const { code, stderr } = await runCommand(
      ['models', 'pull', 'npm:no-such-package/model', '--name', 'x'],
      data.folder,
    );
    expect(code).toBe(69);
    const { message, ...error } = JSON.parse(stderr.trim().split('\n').at(-1)!) as Record<string, unknown>;
    expect(error).toMatchObject({ code: 'BACKEND_LOAD' });
    expect(message).toMatch(/no-such-package/);
    expect(message).not.toMatch(/^Job/);
  });

  it('is not held up by a shadow that does not load', async () => {
    const [live] = await command('models', 'add', spamFolder('shaded'));
    const [shadow] = await command('models', 'add', spamFolder('shaded', 50), '--shadow');
    const [name, version] = String(shadow!.id).split('@');
    writeFileSync(join(data.folder, 'models', name!, version!, 'model.onnx'), 'no model any more');
    const projectId = await newProject(TEXTS);
    await importTexts(server.client, projectId, makeTexts(20));
    await settle(server.client, projectId);
    const [job] = await command('models', 'bind', String(projectId), 'shaded');
    expect(job).toMatchObject({
      ...{ model: live!.id, state: 'done', predicted: 20, failed: 0 },
      shadow: { model: shadow!.id, compared: 0, agreed: 0, failed: 20 },
    });
    expect(await allVotes(Number(job!.runId))).toHaveLength(20);
  });

  async function allVotes(runId: number) {
    const votes: { task: number; label: number }[] = [];
    for (let after = 0; ; ) {
      const page = await server.client.call('runVotes', { params: { run_id: runId }, query: { after, limit: 1_000 } });
      if (page.length === 0) return votes;
      votes.push(...page);
      after = page.at(-1)!.task;
    }
  }
});
