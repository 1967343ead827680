/** Rules on facts of pictures and sounds, through a real server: read in the background, silent where a file says nothing. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { runCommand } from '../helpers/process.ts';
import { settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { bytesOf } from '../helpers/texts.ts';
import { wav } from '../media/samples.ts';

const server = servedFolder((folder) => ['--local-files', join(folder, 'files')]);
const files = join(server.folder, 'files');
mkdirSync(files);

const choices = (to: string, ...names: string[]) =>
  `<Choices name="kind" toName="${to}">${names.map((name) => `<Choice value="${name}"/>`).join('')}</Choices>`;
const PICTURES = `<View><Image name="image" value="$image"/>${choices('image', 'day', 'night', 'red')}</View>`;
const SOUNDS = `<View><Audio name="audio" value="$audio"/>${choices('audio', 'long', 'short')}</View>`;

const DOCUMENT = `headstart_rules: 1
rules:
  - {id: dark, label: night, when: {fact: {path: brightness, max: 60}}}
  - {id: not-dark, label: day, when: {not: {fact: {path: brightness, max: 60}}}}
  - id: red
    label: red
    when:
      all:
        - fact: {path: mean_color.0, min: 150}
        - fact: {path: mean_color.2, max: 80}
  - {id: phone, label: day, when: {fact: {path: exif.Model, equals: P1}}}
  - {id: wide, label: day, when: {fact: {path: width, min: 100}}}
`;

const picture = (background: string, width = 60) => sharp({ create: { width, height: 40, channels: 3, background } });

beforeAll(async () => {
  const keep = (name: string, bytes: Uint8Array) => writeFileSync(join(files, name), bytes);
  keep('bright.png', await picture('#f0f0f0').png().toBuffer());
  keep(
    'dark.jpg',
    await picture('#101010', 120)
      .withExif({ IFD0: { Model: 'P1' } })
      .jpeg()
      .toBuffer(),
  );
  keep('red.webp', await picture('#d01010').webp().toBuffer());
  const whole = await sharp({
    create: {
      width: 300,
      height: 300,
      channels: 3,
      background: '#888',
      noise: { type: 'gaussian', mean: 128, sigma: 40 },
    },
  })
    .png()
    .toBuffer();
  keep('half.png', whole.subarray(0, 20_000));
  keep('words.png', Buffer.from('no picture at all'));
  keep('short.wav', wav({ samples: 4_000 }));
  keep('long.wav', wav({ samples: 80_000, sampleRate: 16_000 }));
});

async function newProject(config: string, field: string, names: readonly string[]) {
  const { id } = await server.client.call('projectCreate', { body: { title: 'Media', label_config: config } });
  const lines = names.map((name) => JSON.stringify({ data: { [field]: `/data/local-files/?d=${name}` } })).join('\n');
  await server.client.upload(
    'projectImport',
    { params: { project_id: id }, query: { name: 'm.jsonl' } },
    bytesOf(lines),
  );
  await settle(server.client, id);
  const tasks = await server.client.call('projectTasks', { params: { project_id: id }, query: { page_size: 1000 } });
  return { id, ids: tasks.map((task) => task.id) };
}

const preview = (id: number, document: string, rule?: string) =>
  server.client.call('rulePreview', {
    params: { project_id: id },
    body: { document, ...(rule === undefined ? {} : { rule }) },
  });

const NAMES = ['bright.png', 'dark.jpg', 'red.webp', 'half.png', 'words.png', 'missing.png'];

describe('rules on pictures', () => {
  let project: Awaited<ReturnType<typeof newProject>>;

  beforeAll(async () => {
    project = await newProject(PICTURES, 'image', NAMES);
  });

  it('say at once that files are being looked at, and what they find when that is done', async () => {
    const first = await preview(project.id, DOCUMENT);
    expect(first.media).toMatchObject({ waiting: 6, job: expect.any(Number), unreadable: 0 });
    expect(first.hits).toEqual([]);
    await settle(server.client, project.id);
    const job = await server.client.call('jobGet', { params: { job_id: first.media!.job! } });
    expect(job).toMatchObject({ kind: 'media-facts', state: 'done', done: 6, total: 6, failed: 3 });

    const now = await preview(project.id, DOCUMENT);
    expect(now.media).toMatchObject({ waiting: 0, job: null, unreadable: 3 });
    const said = Object.fromEntries(now.hits.map((task) => [task.task, task.votes.map((vote) => vote.rule)]));
    const [bright, dark, red, half] = project.ids;
    expect(said).toEqual({
      [bright!]: ['not-dark'],
      [dark!]: ['dark', 'phone', 'wide'],
      [red!]: ['not-dark', 'red'],
      // Its header can be read, its pixels cannot: no word on brightness, not even under `not`.
      [half!]: ['wide'],
    });
    const shown = now.hits.find((task) => task.task === dark)!;
    expect(shown).toMatchObject({ text: '', media: { kind: 'image', field: 'image' } });
    expect(Object.fromEntries(shown.facts.map(({ path, value }) => [path, value]))).toMatchObject({
      width: 120,
      brightness: expect.closeTo(16, 0),
      'exif.Model': 'P1',
    });
  });

  it('name the files that say nothing, with the reason', async () => {
    const { media } = await preview(project.id, DOCUMENT);
    const reasons = media!.examples.map(({ task, reason }) => `${NAMES[project.ids.indexOf(task)]}: ${reason}`);
    expect(reasons).toEqual([
      expect.stringMatching(/^half\.png: The picture cannot be read/),
      expect.stringMatching(/^words\.png: The task shows a file of type text\/plain.*wanted is image/),
      expect.stringMatching(/^missing\.png: /),
    ]);
  });

  it('applied, look again at what has changed; the rest keeps silent, and undo takes all back', async () => {
    writeFileSync(join(files, 'missing.png'), await picture('#050505', 200).png().toBuffer());
    writeFileSync(join(files, 'bright.png'), await picture('#020202', 61).png().toBuffer());
    const params = { project_id: project.id };
    await server.client.call('ruleSave', { params, body: { document: DOCUMENT } });
    const job = await server.client.call('ruleApply', { params, body: {} });
    await settle(server.client, project.id);
    const ended = await server.client.call('jobGet', { params: { job_id: job.id } });
    expect(ended).toMatchObject({ state: 'done', failed: 2, output: { unreadable: 2 } });
    const votes = async (id: number) =>
      (await server.client.call('taskVotes', { params: { task_id: id } }))
        .map((vote) => vote.labeler.split('@')[0])
        .sort();
    const [bright, , , half, words, missing] = project.ids;
    expect(await votes(bright!)).toEqual(['rule:dark']);
    expect(await votes(half!)).toEqual(['rule:wide']);
    expect(await votes(words!)).toEqual([]);
    expect(await votes(missing!)).toEqual(['rule:dark', 'rule:wide']);
    const { runId } = ended.output as { runId: number };
    await server.client.call('runUndo', { params: { run_id: runId } });
    expect(await votes(missing!)).toEqual([]);
    rmSync(join(files, 'missing.png'));
  });

  it('are applied anew each time: a file may have changed under the same rule', async () => {
    const params = { project_id: project.id };
    const applied = async (): Promise<unknown> => {
      const job = await server.client.call('ruleApply', { params, body: {} });
      await settle(server.client, project.id);
      return (await server.client.call('jobGet', { params: { job_id: job.id } })).output;
    };
    expect(await applied()).toMatchObject({ applied: 5, votes: 7 });
    writeFileSync(join(files, 'bright.png'), await picture('#fafafa', 62).png().toBuffer());
    expect(await applied()).toMatchObject({ applied: 5, votes: 7 });
    const votes = await server.client.call('taskVotes', { params: { task_id: project.ids[0]! } });
    expect(votes.map((vote) => vote.labeler.split('@')[0])).toEqual(['rule:not-dark']);
  });

  it('are refused when they ask for what pictures do not have', async () => {
    const check = async (path: string) => {
      const document = `headstart_rules: 1\nrules:\n  - {id: a, label: day, when: {not: {fact: {path: ${path}, min: 1}}}}\n`;
      const body = { document };
      return (await server.client.call('ruleCheck', { params: { project_id: project.id }, body })).problems[0];
    };
    expect(await check('duration')).toMatchObject({
      severity: 'error',
      line: 3,
      message: expect.stringMatching(/'duration'.*is image/),
    });
    expect(await check('brigthness')).toMatchObject({ line: 3, message: expect.stringContaining('no fact') });
    expect(await check('height')).toBeUndefined();
  });

  it('wait for the files on the command line', async () => {
    const fresh = await newProject(PICTURES, 'image', ['dark.jpg', 'red.webp', 'words.png']);
    const file = join(server.folder, 'rules.yaml');
    writeFileSync(file, DOCUMENT);
    const { code, stdout, stderr } = await runCommand(
      ['rules', 'preview', String(fresh.id), file, '--rule', 'dark', '--json'],
      server.folder,
    );
    expect(code).toBe(0);
    expect(stdout).toContain('brightness');
    expect(stderr).toContain('1 file');
  });
});

describe('rules on sounds', () => {
  it('read duration and sample rate', async () => {
    const { id, ids } = await newProject(SOUNDS, 'audio', ['short.wav', 'long.wav', 'words.png']);
    const document = `headstart_rules: 1
rules:
  - {id: long, label: long, when: {fact: {path: duration, min: 2}}}
  - {id: low, label: short, when: {not: {fact: {path: sample_rate, min: 16000}}}}
`;
    await preview(id, document);
    await settle(server.client, id);
    const { hits, media } = await preview(id, document);
    expect(hits.map((task) => [task.task, task.votes.map((vote) => vote.rule)])).toEqual([
      [ids[0], ['low']],
      [ids[1], ['long']],
    ]);
    expect(media).toMatchObject({ waiting: 0, unreadable: 1 });
  });
});
