/** Real projects and data sets through a real server: the 45 example projects, bccd's boxes, wnut17's tags. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Box, boxToPercent, boxToPixels } from '../../src/core/geometry.ts';
import { groupBy } from '../../src/core/group.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { missingFields, parseLabelConfig } from '../../src/labelconfig/index.ts';
import { hasSharedData, SHARED_DATA } from '../formats/helpers.ts';
import { WRONG_EXAMPLES } from '../helpers/example-projects.ts';
import { servedFolder } from '../helpers/served.ts';
import { contents, download, exported, newProject, upload, type WireTask } from '../helpers/transfer.ts';

const examples = join(SHARED_DATA, 'label-studio');
const projects = hasSharedData
  ? readdirSync(examples, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  : [];

const server = servedFolder();

const read = (...path: string[]) => readFileSync(join(examples, ...path), 'utf8');

/**
 * The tasks of a project, then its saved results. Some have data of another project or none at all: what the config
 * shows is taken from the first task then, or made up.
 */
function tasksOf(project: string): WireTask[] {
  const config = parseLabelConfig(read(project, 'config.xml'));
  const path = join(examples, project, 'tasks.json');
  const given = existsSync(path) ? ([JSON.parse(readFileSync(path, 'utf8'))].flat() as WireTask[]) : [{ data: {} }];
  const folder = join(examples, project, 'annotations');
  const saved = (existsSync(folder) ? readdirSync(folder) : []).map(
    (name) => JSON.parse(read(project, 'annotations', name)) as WireTask,
  );
  const first: JsonObject = given[0]!.data;
  return [...given, ...saved].map(({ id: _repeated, data: own = {}, ...task }) => {
    const missing = missingFields(config, own).map((field) => [field, first[field] ?? 'made up'] as const);
    return { ...task, data: { ...own, ...Object.fromEntries(missing) } };
  });
}

describe.skipIf(!hasSharedData)('example projects (../shared/data/label-studio)', () => {
  it('are all there', () => expect(projects).toHaveLength(45));

  it.each(projects)('%s: goes in, or is refused by name; import(export(x)) = x', async (project) => {
    const config = read(project, 'config.xml');
    const id = await newProject(server.client, config);
    const problem = WRONG_EXAMPLES[project];
    if (problem !== undefined) {
      await expect(upload(server.client, id, tasksOf(project))).rejects.toMatchObject({
        code: 'INPUT_BAD_RESULT',
        message: expect.stringContaining(problem),
      });
      expect(await exported(server.client, id)).toEqual([]);
    }
    // Every row of this one has a label that its config lacks.
    if (project === 'rich_text_plain') return;
    const query = problem === undefined ? {} : { skip_invalid: true };
    const { skipped } = await upload(server.client, id, tasksOf(project), query);
    expect(skipped.map(({ reason }) => reason).join('\n')).toContain(problem ?? '');
    expect(skipped.length > 0).toBe(problem !== undefined);
    const before = await exported(server.client, id, { labels: 'both' });
    const copy = await newProject(server.client, config);
    await upload(server.client, copy, before, { name: 'x.json' });
    const after = await exported(server.client, copy, { labels: 'both' });
    expect(before).toHaveLength(tasksOf(project).length - skipped.length);
    // As text: comparing the millions of numbers of a mask one by one takes seconds.
    expect(JSON.stringify(contents(after)) === JSON.stringify(contents(before))).toBe(true);
  });
});

const CELLS = `<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image">
  <Label value="RBC"/><Label value="WBC"/><Label value="Platelets"/></RectangleLabels></View>`;

/** Rows of one of bccd's tables. */
const table = (name: string) =>
  readFileSync(join(SHARED_DATA, 'images/bccd', name), 'utf8')
    .trim()
    .split(/\r?\n/)
    .slice(1)
    .map((line) => line.split(','));

function cellTasks(): WireTask[] {
  const byImage = groupBy(table('boxes.csv'), ([image]) => image!);
  return table('images.csv').flatMap(([image, ...size]) => {
    const [width, height] = size.map(Number) as [number, number];
    const result = (byImage.get(image!) ?? []).map(([, label, ...numbers], i) => {
      const [xmin, ymin, xmax, ymax] = numbers.map(Number) as [number, number, number, number];
      const box = { x: xmin, y: ymin, width: xmax - xmin, height: ymax - ymin, rotation: 0 };
      const value = { ...boxToPercent(box, { width, height }), rectanglelabels: [label!] };
      const tags = { from_name: 'box', to_name: 'image', type: 'rectanglelabels' };
      return { id: `b${i}`, ...tags, original_width: width, original_height: height, image_rotation: 0, value };
    });
    return result.length === 0 ? [] : [{ data: { image: image! }, annotations: [{ result }] }];
  });
}

/** Corners and label of every box in pixels, image by image. */
function cellsIn(tasks: readonly WireTask[]): { label: string; corners: number[] }[][] {
  return tasks.map(({ annotations }) =>
    annotations![0]!.result.map(({ value }) => {
      const { rectanglelabels, ...box } = value as unknown as Box & { rectanglelabels: string[] };
      const { x, y, width, height } = boxToPixels(box, { width: 640, height: 480 });
      return { label: rectanglelabels[0]!, corners: [x, y, x + width, y + height] };
    }),
  );
}

describe.skipIf(!hasSharedData)('bccd (../shared/data/images)', () => {
  let id: number;
  let cells: ReturnType<typeof cellsIn>;

  beforeAll(async () => {
    id = await newProject(server.client, CELLS);
    await upload(server.client, id, cellTasks());
    cells = cellsIn(cellTasks());
    expect(cells.flat()).toHaveLength(4888);
  });

  it.each(['coco', 'yolo', 'voc'])('%s and back: boxes equal within 0.01 pixel', async (format) => {
    const file = await download(server.client, id, format);
    const copy = await newProject(server.client, CELLS);
    const query = format === 'coco' ? { format } : { name: 'bccd.zip' };
    expect(await upload(server.client, copy, file, query)).toMatchObject({ found_formats: { [format]: 1 } });
    const back = cellsIn(await exported(server.client, copy));
    expect(back.map((image) => image.map(({ label }) => label))).toEqual(
      cells.map((image) => image.map(({ label }) => label)),
    );
    const wanted = cells.flat().flatMap(({ corners }) => corners);
    const errors = back
      .flat()
      .flatMap(({ corners }) => corners)
      .map((one, i) => Math.abs(one - wanted[i]!));
    expect(Math.max(...errors)).toBeLessThan(0.01);
  });
});

it.skipIf(!hasSharedData)('wnut17 through CoNLL-2003, tag for tag (../shared/data/ner)', async () => {
  const lines = readFileSync(join(SHARED_DATA, 'ner/wnut17/test.jsonl'), 'utf8').trim().split('\n');
  const sentences = lines.map((line) => JSON.parse(line) as { tokens: string[]; tags: string[] });
  const labels = [...new Set(sentences.flatMap(({ tags }) => tags.map((tag) => tag.slice(2))))].filter(Boolean);
  const config = `<View><Text name="text" value="$text"/><Labels name="ner" toName="text">${labels
    .map((label) => `<Label value="${label}"/>`)
    .join('')}</Labels></View>`;
  const file = sentences
    .map(({ tokens, tags }) => tokens.map((token, i) => `${token} -X- _ ${tags[i]}\n`).join(''))
    .join('\n');
  const id = await newProject(server.client, config);
  const reply = await upload(server.client, id, file, { name: 'wnut17.conll' });
  expect(reply).toMatchObject({ task_count: sentences.length, found_formats: { conll2003: 1 } });
  const back = (await download(server.client, id, 'CONLL2003')).toString();
  expect(back === `-DOCSTART- -X- O\n\n${file}`).toBe(true);
});
