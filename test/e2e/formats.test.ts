/** Formats through a real server: what goes out comes back. */
import { describe, expect, it } from 'vitest';
import { BOXES, boxes, classes, SPANS, SPEECH, spans, speech, TEXT_CLASSES } from '../helpers/labeled.ts';
import { servedFolder } from '../helpers/served.ts';
import { contents, download, exported, newProject, upload, type WireTask } from '../helpers/transfer.ts';

const server = servedFolder();

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
