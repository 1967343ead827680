/** Exports of a real server: filters choose, losses are said, media come along, nothing leaves the zip. */
import { join } from 'node:path';
import { encode } from 'fast-png';
import { unzipSync } from 'fflate';
import { beforeAll, describe, expect, it } from 'vitest';
import { BOXES, box, TEXT_CLASSES } from '../helpers/labeled.ts';
import { runCommand } from '../helpers/process.ts';
import { servedFolder } from '../helpers/served.ts';
import { download, newProject, upload, type WireTask } from '../helpers/transfer.ts';

const server = servedFolder();

const AT = { x: 0, y: 10, width: 10, height: 10, rotation: 0, rectanglelabels: ['cat'] };

const lossesOf = (projectId: number, exportType: string) =>
  server.client.call('exportLosses', { params: { project_id: projectId }, query: { exportType } });

describe('an export', () => {
  let projectId: number;
  const choice = (label: string) => [
    { from_name: 'label', to_name: 'text', type: 'choices', value: { choices: [label] } },
  ];

  beforeAll(async () => {
    projectId = await newProject(server.client, TEXT_CLASSES);
    await upload(server.client, projectId, [
      {
        data: { text: 'both' },
        annotations: [
          { result: choice('spam'), completed_by: 'ada' },
          { result: choice('ham'), completed_by: 'ben' },
        ],
      },
      { data: { text: 'skipped' }, annotations: [{ result: [], was_cancelled: true, completed_by: 'ada' }] },
      {
        data: { text: 'suggested' },
        predictions: [
          { result: choice('ham'), score: 0.9, model_version: 'v1' },
          { result: choice('spam'), score: 0.4, model_version: 'v2' },
        ],
      },
    ]);
  });

  const chosen = async (query: Parameters<typeof download>[3]) => {
    const tasks = JSON.parse((await download(server.client, projectId, 'json', query)).toString()) as WireTask[];
    return Object.fromEntries(
      tasks.map((task) => [
        task.data.text,
        [...task.annotations!, ...task.predictions!].map(({ labeler, score }) => score ?? labeler),
      ]),
    );
  };

  it.each([
    [{}, { both: ['annotator:ada', 'annotator:ben'], skipped: ['annotator:ada'] }],
    [{ labeler: 'ben' }, { both: ['annotator:ben'] }],
    [{ labeler: 'annotator:ada', only_finished: true }, { both: ['annotator:ada'] }],
    [{ labels: 'predictions' }, { suggested: [0.9, 0.4] }],
    [{ labels: 'predictions', min_score: 0.5 }, { suggested: [0.9] }],
    [{ labels: 'predictions', model_version: 'imported@v2' }, { suggested: [0.4] }],
    [{ labels: 'predictions', labeler: 'model:imported@v1' }, { suggested: [0.9] }],
    [{ since: '2999-01-01' }, {}],
    [{ until: '2999-01-01', labeler: 'ben' }, { both: ['annotator:ben'] }],
    [
      { labeler: 'nobody', download_all_tasks: true },
      { both: [], skipped: [], suggested: [] },
    ],
  ] as const)('%j chooses', async (query, wanted) => {
    expect(await chosen(query)).toEqual(wanted);
  });

  it('as consensus has one answer per task: the ground truth, else what most agree with', async () => {
    const id = await newProject(server.client, BOXES);
    const boxes = (...left: number[]) => left.map((x, i) => ({ ...box(`b${i}`, 'cat'), value: { ...AT, x } }));
    await upload(server.client, id, [
      {
        data: { image: 'agreed' },
        annotations: [
          { result: boxes(80), completed_by: 'ada' },
          { result: boxes(10), completed_by: 'ben' },
          { result: boxes(12), completed_by: 'cyd' },
          { result: [], was_cancelled: true, completed_by: 'dan' },
        ],
      },
      {
        data: { image: 'truth' },
        annotations: [
          { result: boxes(10), completed_by: 'ada' },
          { result: boxes(10), completed_by: 'ben' },
          { result: boxes(50), completed_by: 'cyd', ground_truth: true },
        ],
      },
      { data: { image: 'alone' }, annotations: [{ result: boxes(10), completed_by: 'ada' }] },
      { data: { image: 'skipped' }, annotations: [{ result: [], was_cancelled: true, completed_by: 'ada' }] },
    ]);
    const elected = async (query: object) => {
      const file = await download(server.client, id, 'json', { labels: 'consensus', ...query });
      return (JSON.parse(file.toString()) as WireTask[]).map((task) => [
        task.data.image,
        ...task.annotations!.map(({ labeler, agreement }) => [labeler, agreement]),
      ]);
    };
    // Two boxes of ten by ten percent, two percent apart, share 8 of 12; the third box shares nothing with them.
    expect(await elected({})).toEqual([
      ['agreed', ['annotator:ben', expect.closeTo(8 / 12 / 2, 6)]],
      ['truth', ['annotator:cyd', undefined]],
      ['alone', ['annotator:ada', null]],
    ]);
    expect((await elected({ min_score: 0.3 })).map(([image]) => image)).toEqual(['agreed', 'truth']);
    expect((await elected({ min_score: 0.4 })).map(([image]) => image)).toEqual(['truth']);
    expect((await elected({ labeler: 'cyd' }))[0]).toEqual(['agreed', ['annotator:cyd', null]]);
    const run = await runCommand(
      ['export', String(id), '--labels', 'consensus', '--format', 'json-min'],
      server.folder,
    );
    expect((JSON.parse(run.stdout) as { image: string }[]).map((one) => one.image)).toEqual([
      'agreed',
      'truth',
      'alone',
    ]);
  });

  it('refuses before the first byte what it cannot do', async () => {
    await expect(download(server.client, projectId, 'nope')).rejects.toMatchObject({ code: 'INPUT_BAD_FORMAT' });
    await expect(download(server.client, projectId, 'txt')).rejects.toMatchObject({ code: 'INPUT_BAD_FORMAT' });
    const when = download(server.client, projectId, 'json', { since: 'yesterday' });
    await expect(when).rejects.toMatchObject({ code: 'INPUT_BAD_FIELD', details: { field: 'since' } });
  });

  it.each(['yolo', 'voc'])('as %s stays inside its zip, whatever tasks call their images', async (format) => {
    const images = ['../../etc/passwd', '/etc/passwd', 'C:\\windows\\x.jpg', '..', 'a/../../b.png', '.hidden'];
    const id = await newProject(server.client, BOXES);
    await upload(
      server.client,
      id,
      images.map((image) => ({ data: { image }, annotations: [{ result: [box('b', 'cat')] }] })),
    );
    const names = Object.keys(unzipSync(await download(server.client, id, format)));
    expect(names.filter((name) => /(^|\/)\.|\\|^\/|:/.test(name))).toEqual([]);
    expect(names.length).toBeGreaterThanOrEqual(images.length);
  });

  it('says what its format cannot hold, by API and on standard error', async () => {
    const id = await newProject(server.client, BOXES);
    await upload(server.client, id, [
      { data: { image: 'a.jpg' }, annotations: [{ result: [box('a', 'cat', 30)] }] },
      { data: { image: 'b.jpg' }, annotations: [{ result: [] }] },
    ]);
    const { count, losses } = await lossesOf(id, 'voc');
    expect(count).toBe(2);
    expect(losses.map(({ message }) => message).join(' ')).toMatch(/upright boxes .* size of its image is not known/);
    const file = join(server.folder, 'out.zip');
    const command = await runCommand(['export', String(id), '--format', 'voc', '-o', file], server.folder);
    expect(command).toMatchObject({ code: 0, stdout: '' });
    expect(command.stderr.trim().split('\n')).toEqual(losses.map(({ task, message }) => `task ${task}: ${message}`));
    const again = await newProject(server.client, BOXES);
    const back = await runCommand(['import', String(again), file, '--json', '--no-wait'], server.folder);
    expect(JSON.parse(back.stdout)).toMatchObject({ task_count: 1, annotation_count: 1, found_formats: { voc: 1 } });
  });
});

describe('an export with media', () => {
  const png = Buffer.from(encode({ width: 2, height: 2, data: new Uint8Array(12), channels: 3, depth: 8 }));
  const picture = `data:image/png;base64,${png.toString('base64')}`;
  const stolen = '/data/local-files?d=../../../../etc/passwd';
  let id: number;

  beforeAll(async () => {
    id = await newProject(server.client, BOXES);
    const annotations = [{ result: [box('b', 'cat')] }];
    await upload(
      server.client,
      id,
      [picture, picture, stolen].map((image) => ({ data: { image }, annotations })),
    );
  });

  it.each([
    ['json', 'result.json'],
    ['coco', 'result.json'],
    ['yolo', 'classes.txt'],
    ['voc', 'Annotations/'],
  ])('as %s packs each picture once and points to it', async (format, name) => {
    const zip = unzipSync(await download(server.client, id, format, { with_media: true }));
    const names = Object.keys(zip);
    const images = names.filter((one) => one.startsWith('images/'));
    expect(images).toHaveLength(1);
    expect(Buffer.from(zip[images[0]!]!).equals(png)).toBe(true);
    expect(names.some((one) => one.startsWith(name))).toBe(true);
    const texts = names.filter((one) => !images.includes(one)).map((one) => Buffer.from(zip[one]!).toString());
    if (format === 'yolo') expect(names).toContain(`labels/${images[0]!.slice(7, -4)}.txt`);
    else expect(texts.join('')).toContain(images[0]);
    expect(texts.join('')).not.toContain('base64');
  });

  it.each(['COCO_WITH_IMAGES', 'YOLO_WITH_IMAGES', 'YOLO_OBB_WITH_IMAGES'])('is what %s means', async (format) => {
    const zip = unzipSync(await download(server.client, id, format));
    const names = Object.keys(zip);
    expect(names.filter((one) => one.startsWith('images/'))).toHaveLength(1);
    expect(names).toContain(format.startsWith('COCO') ? 'result.json' : 'classes.txt');
    expect(Buffer.from(zip['missing-files.log']!).toString()).toMatch(
      /^task \d+: \/data\/local-files\?d=.*passwd: .+\n$/,
    );
  });

  it('reads nothing that tasks may not show, and says so', async () => {
    const query = { exportType: 'json', with_media: true };
    const { count, losses } = await server.client.call('exportLosses', { params: { project_id: id }, query });
    expect(count).toBe(1);
    expect(losses[0]?.message).toMatch(/^A file is not packed: /);
  });
});
