/** Formats through a real server: what goes out comes back, filters choose, losses are said, hostile zips change nothing. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { encode } from 'fast-png';
import { strToU8, unzipSync, zipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/core/random.ts';
import { TEMPLATES, templateNamed } from '../../src/labelconfig/index.ts';
import { MAIN, runCommand, type ServerProcess, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { makeTexts } from '../helpers/texts.ts';
import { contents, download, exported, newProject, upload, type WireTask } from '../helpers/transfer.ts';

const data = temporaryFolder();
let server: ServerProcess;

beforeAll(async () => {
  server = await startServerProcess(data.folder);
});

afterAll(async () => {
  await server.stop();
  data.remove();
});

const TEXT_CLASSES = `<View><Text name="text" value="$text"/>
  <Choices name="label" toName="text"><Choice value="spam"/><Choice value="ham"/></Choices></View>`;
const SPANS = `<View><Text name="text" value="$text"/>
  <Labels name="ner" toName="text"><Label value="PER"/><Label value="LOC"/></Labels></View>`;
const BOXES = `<View><Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="cat"/><Label value="dog"/></RectangleLabels></View>`;
const SPEECH = `<View><Audio name="audio" value="$audio"/><TextArea name="text" toName="audio"/></View>`;

const random = seededRandom('formats', 1);

const classes: WireTask[] = makeTexts(12).map(({ text, label }) => ({
  data: { text },
  annotations: [{ result: [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: [label] } }] }],
}));

/** Words with an astral character before the last span, so that code points and UTF-16 offsets differ. */
const spans: WireTask[] = makeTexts(12).map(({ text: words }, i) => {
  const text = `Ada 😀 ${words}`;
  const at = text.lastIndexOf(' ') + 1;
  const span = (id: string, start: number, end: number, label: string) => ({
    id,
    from_name: 'ner',
    to_name: 'text',
    type: 'labels',
    value: { start, end, text: text.slice(start, end), labels: [label] },
  });
  const result = [span('s1', 0, 3, 'PER'), ...(i % 3 === 0 ? [] : [span('s2', at, text.length, 'LOC')])];
  return { data: { text }, annotations: [{ result }] };
});

const SIZE = { original_width: 640, original_height: 480, image_rotation: 0 };
/** Hundredths of a percent, so that rounding to thousandths tells a true error from one in the last digit. */
const percent = (from: number, to: number) => from + random.int((to - from) * 100) / 100;
const box = (id: string, label: string, rotation = 0) => ({
  id,
  from_name: 'box',
  to_name: 'image',
  type: 'rectanglelabels',
  ...SIZE,
  value: {
    x: percent(5, 65),
    y: percent(5, 65),
    width: percent(1, 20),
    height: percent(1, 20),
    rotation,
    rectanglelabels: [label],
  },
});
const boxes: WireTask[] = Array.from({ length: 12 }, (_unused, i) => ({
  data: { image: `pictures/photo ${i}.jpg` },
  annotations: [{ result: Array.from({ length: 1 + (i % 3) }, (_, k) => box(`b${k}`, k % 2 ? 'dog' : 'cat')) }],
}));

const speech: WireTask[] = makeTexts(5).map(({ text }, i) => ({
  data: { audio: `recordings/${i}.wav` },
  annotations: [{ result: [{ from_name: 'text', to_name: 'audio', type: 'textarea', value: { text: [text] } }] }],
}));

/** What is labeled where, without what only our own formats hold: ids of regions, sizes where they are not needed. */
function labelsOf(tasks: readonly WireTask[]) {
  return tasks.map(({ data: shown, annotations = [] }) => ({
    data: shown,
    labels: annotations.flatMap(({ result }) =>
      result.map(({ from_name, to_name, type, value }) => ({ from_name, to_name, type, value: rounded(value) })),
    ),
  }));
}

/** To a thousandth of a percent: less than a hundredth of a pixel here. */
function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_key, one) => (typeof one === 'number' ? Number(one.toFixed(3)) : one));
}

describe('import(export(x)) = x', () => {
  it.each([
    ['classes', TEXT_CLASSES, classes],
    ['spans', SPANS, spans],
    ['boxes', BOXES, boxes],
    ['transcripts', SPEECH, speech],
  ])('json and jsonl hold everything of %s', async (_what, config, tasks) => {
    const first = await newProject(server.client, config);
    const scored = { result: tasks[0]!.annotations![0]!.result, score: 0.75, model_version: 'v1' };
    const people = [
      { ...tasks[0]!.annotations![0]!, completed_by: 'ada', lead_time: 1.5, ground_truth: true },
      { result: [], was_cancelled: true, completed_by: 'ben' },
    ];
    await upload(server.client, first, [{ ...tasks[0]!, annotations: people, predictions: [scored] }, ...tasks]);
    const before = await exported(server.client, first, { labels: 'both' });
    expect(contents(before)[0]).toMatchObject({
      annotations: [
        { labeler: 'annotator:ada', lead_time: 1.5, ground_truth: true },
        { labeler: 'annotator:ben', was_cancelled: true, result: [] },
      ],
      predictions: [{ labeler: 'model:imported@v1', score: 0.75 }],
    });
    for (const format of ['json', 'jsonl']) {
      const file = await download(server.client, first, format, { labels: 'both', download_all_tasks: true });
      const copy = await newProject(server.client, config);
      await upload(server.client, copy, file, { name: `x.${format}` });
      expect(contents(await exported(server.client, copy, { labels: 'both' }))).toEqual(contents(before));
    }
  });

  it.each([
    ['spacy-jsonl', 'classes', TEXT_CLASSES, classes],
    ['doccano-jsonl', 'classes', TEXT_CLASSES, classes],
    ['prodigy-jsonl', 'classes', TEXT_CLASSES, classes],
    ['conll2003', 'spans', SPANS, spans],
    ['spacy-jsonl', 'spans', SPANS, spans],
    ['doccano-jsonl', 'spans', SPANS, spans],
    ['prodigy-jsonl', 'spans', SPANS, spans],
    ['coco', 'boxes', BOXES, boxes],
    ['yolo', 'boxes', BOXES, boxes],
    ['voc', 'boxes', BOXES, boxes],
    ['asr-manifest', 'transcripts', SPEECH, speech],
  ])('%s holds %s', async (format, _what, config, tasks) => {
    const first = await newProject(server.client, config);
    await upload(server.client, first, tasks);
    const file = await download(server.client, first, format);
    const copy = await newProject(server.client, config);
    const reply = await upload(server.client, copy, file, { format });
    expect(reply).toMatchObject({ task_count: tasks.length, annotation_count: tasks.length });
    const wanted = labelsOf(tasks).map((one) => ({ ...one, data: dataIn(format, one.data) }));
    expect(labelsOf(await exported(server.client, copy))).toEqual(wanted);
    expect((await lossesOf(first, format)).count).toBe(0);
  });

  it.each(['csv', 'tsv'])('%s holds the data', async (format) => {
    const texts = ['plain', 'a,b;c\td|e', '"quoted"', 'two\nlines', ' spaces ', '=1+1', 'ünï 😀'];
    const first = await newProject(server.client, TEXT_CLASSES);
    const result = classes[0]!.annotations![0]!.result;
    await upload(
      server.client,
      first,
      texts.map((text) => ({ data: { text }, annotations: [{ result }] })),
    );
    const copy = await newProject(server.client, TEXT_CLASSES);
    await upload(server.client, copy, await download(server.client, first, format), { format });
    expect((await exported(server.client, copy)).map((task) => task.data.text)).toEqual(texts);
    const escaped = await download(server.client, first, format, { escape_formulas: true });
    expect(escaped.toString()).toContain("'=1+1");
  });
});

/** YOLO knows images by the names of its own files. */
function dataIn(format: string, given: WireTask['data']): WireTask['data'] {
  if (format !== 'yolo') return given;
  return { image: String(given.image).replace(/^.*\//, '').replace(/ /g, '_') };
}

const lossesOf = (projectId: number, exportType: string) =>
  server.client.call('exportLosses', { params: { project_id: projectId }, query: { exportType } });

describe('an export', () => {
  let projectId: number;
  const choice = (label: string) =>
    classes.map(() => [{ from_name: 'label', to_name: 'text', type: 'choices', value: { choices: [label] } }])[0]!;

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
    const file = join(data.folder, 'out.zip');
    const command = await runCommand(['export', String(id), '--format', 'voc', '-o', file], data.folder);
    expect(command).toMatchObject({ code: 0, stdout: '' });
    expect(command.stderr.trim().split('\n')).toEqual(losses.map(({ task, message }) => `task ${task}: ${message}`));
    const again = await newProject(server.client, BOXES);
    const back = await runCommand(['import', String(again), file, '--json', '--no-wait'], data.folder);
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
    const zip = unzipSync(await download(server.client, id, format, { download_resources: true }));
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

  it('reads nothing that tasks may not show, and says so', async () => {
    const query = { exportType: 'json', download_resources: true };
    const { count, losses } = await server.client.call('exportLosses', { params: { project_id: id }, query });
    expect(count).toBe(1);
    expect(losses[0]?.message).toMatch(/^A file is not packed: /);
  });
});

/** A zip whose only entry has any name at all: the name is changed in place, at equal length. */
function named(name: string): Uint8Array {
  const placeholder = 'x'.repeat(Buffer.byteLength(name));
  const bytes = Buffer.from(zipSync({ [placeholder]: strToU8('<annotation/>') }));
  for (let at = bytes.indexOf(placeholder); at >= 0; at = bytes.indexOf(placeholder, at + 1)) bytes.write(name, at);
  return bytes;
}

const good = '<annotation><filename>a.jpg</filename><size><width>9</width><height>9</height></size></annotation>';

describe('a hostile zip', () => {
  it.each([
    ['zip slip up', named('../../evil.xml'), 'INPUT_BAD_FORMAT'],
    ['zip slip absolute', named('/tmp/evil.xml'), 'INPUT_BAD_FORMAT'],
    ['zip slip by backslashes', named('..\\evil.xml'), 'INPUT_BAD_FORMAT'],
    ['a bomb', zipSync({ 'a.xml': new Uint8Array(50_000_000) }, { level: 9 }), 'LIMIT_SIZE'],
    ['a zip cut off', zipSync({ 'a.xml': strToU8(good) }).subarray(0, 60), 'INPUT_BAD_FORMAT'],
    ['an empty zip', zipSync({}), 'INPUT_BAD_FORMAT'],
    ['a zip of nothing we know', zipSync({ 'a.exe': strToU8('MZ') }), 'INPUT_BAD_FORMAT'],
    ['one good file and one bad', zipSync({ 'a.xml': strToU8(good), 'b.xml': strToU8('<x') }), 'INPUT_BAD_ROW'],
    ['billion laughs', zipSync({ 'a.xml': strToU8('<!DOCTYPE a [<!ENTITY b "b">]><a>&b;</a>') }), 'INPUT_BAD_ROW'],
    ['no zip, but called so', strToU8('PK\u0003\u0004 nonsense'), 'INPUT_BAD_FORMAT'],
  ])('%s changes nothing', async (_what, bytes, code) => {
    const id = await newProject(server.client, BOXES);
    await expect(upload(server.client, id, bytes, { name: 'x.zip' })).rejects.toMatchObject({ code });
    const project = await server.client.call('projectGet', { params: { project_id: id } });
    expect(project.task_number).toBe(0);
    const spool = join(data.folder, 'spool');
    expect(existsSync(spool) ? readdirSync(spool) : []).toEqual([]);
  });

  it('with litter of a packer in it is read without', async () => {
    const id = await newProject(server.client, BOXES);
    const files = { 'set/Annotations/a.xml': strToU8(good), '__MACOSX/set/._a.xml': strToU8('\0\0') };
    const reply = await upload(server.client, id, zipSync(files), { name: 'set.zip' });
    expect(reply).toMatchObject({ task_count: 1, found_formats: { voc: 1 } });
  });

  it('of one file with its pictures is read as that file', async () => {
    const id = await newProject(server.client, TEXT_CLASSES);
    const files = { 'tasks.jsonl': strToU8('{"text":"a"}\n{"text":"b"}'), 'images/a.png': strToU8('x') };
    const reply = await upload(server.client, id, zipSync(files), { name: 'tasks.zip' });
    expect(reply).toMatchObject({ task_count: 2, found_formats: { jsonl: 1 } });
  });
});

describe('templates', () => {
  it('are the same by API and command line, and start a project with its sample', async () => {
    const listed = await server.client.call('templateList');
    expect(listed.map(({ name }) => name)).toEqual(TEMPLATES.map(({ name }) => name));
    const lines = execFileSync(process.execPath, [MAIN, 'templates', '--json']).toString().trim().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { name: string }).name)).toEqual(TEMPLATES.map(({ name }) => name));
    const shown = execFileSync(process.execPath, [MAIN, 'templates', 'ner']).toString();
    expect(JSON.parse(shown)).toMatchObject({ name: 'ner', label_config: templateNamed('ner').config });
    const made = await runCommand(['init', 'People', '--template', 'ner', '--sample', '--json'], data.folder);
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
