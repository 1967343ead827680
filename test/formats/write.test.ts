import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import type { JsonObject } from '../../src/core/json.ts';
import {
  type ExportRow,
  FORMATS,
  formatNamed,
  labelerKey,
  parseLabelerKey,
  type WriteOptions,
} from '../../src/formats/index.ts';

const TIME = '2025-01-02T03:04:05.000Z';
const choice = (name: string, from = 'label') => ({
  id: 'r1',
  from_name: from,
  to_name: 'text',
  type: 'choices',
  value: { choices: [name] },
});

function row(id: number, data: JsonObject): ExportRow {
  const shared = { projectId: 3, taskId: id, createdAt: TIME };
  return {
    task: { id, projectId: 3, ordinal: id - 1, data, meta: { source: 'mail' }, createdAt: TIME, updatedAt: TIME },
    annotations: [
      {
        ...shared,
        id: id * 10,
        annotatorId: 5,
        labeler: { kind: 'annotator', name: 'ada', version: '' },
        result: [choice('spam')],
        skipped: false,
        groundTruth: true,
        visibleMs: 1500,
        via: 'key',
        parentPrediction: 9,
        outcome: 'accepted',
        difference: { accepted: 1 },
        blind: false,
        blindResult: null,
        note: 'odd',
        submissionId: `key-${id}`,
        runId: null,
        updatedAt: TIME,
      },
    ],
    predictions: [
      {
        id: null,
        labeler: { kind: 'model', name: 'head', version: '3fa9' },
        result: [choice('ham')],
        score: 0.75,
        runId: 12,
        createdAt: TIME,
      },
    ],
  };
}

const rows = [row(1, { text: 'a "b",\nc', n: 1 }), row(2, { text: '=1+1', tags: ['x'] })];

async function write(format: string, given: readonly ExportRow[] = rows, options: WriteOptions = {}) {
  let text = '';
  for await (const piece of formatNamed(format, 'write').write(() => given, options)) text += piece;
  return text;
}

async function read(format: string, text: string) {
  const got = [];
  for await (const one of formatNamed(format, 'read').read([new TextEncoder().encode(text)])) got.push(one.task);
  return got;
}

describe('export', () => {
  it.each(['json', 'jsonl'])('%s: what is imported again is what was exported', async (format) => {
    const got = await read(format, await write(format));
    expect(got).toEqual(
      rows.map(({ task, annotations, predictions }) => ({
        id: task.id,
        data: task.data,
        meta: task.meta,
        annotations: annotations.map((one) => ({
          annotator: 'ada',
          result: one.result,
          skipped: false,
          groundTruth: true,
          visibleMs: 1500,
          note: 'odd',
          submissionId: one.submissionId,
          createdAt: TIME,
        })),
        predictions: predictions.map(({ labeler, result, score }) => ({ labeler, result, score, createdAt: TIME })),
      })),
    );
  });

  it('Label Studio names what it knows as Label Studio does, labeler and run with every label', async () => {
    const [task] = JSON.parse(await write('json'));
    expect(task).toMatchObject({ id: 1, is_labeled: true, total_annotations: 1, total_predictions: 1, project: 3 });
    expect(task.annotations[0]).toMatchObject({
      completed_by: 5,
      was_cancelled: false,
      ground_truth: true,
      lead_time: 1.5,
      parent_prediction: 9,
      labeler: 'annotator:ada',
      run: null,
    });
    expect(task.predictions[0]).toMatchObject({
      model_version: '3fa9',
      labeler: 'model:head@3fa9',
      run: 12,
      score: 0.75,
    });
  });

  it('JSON_MIN is flat, short where it can be, and leaves skipped answers out', async () => {
    const skipped = { ...rows[0]!, predictions: [], annotations: [{ ...rows[0]!.annotations[0]!, skipped: true }] };
    const records = JSON.parse(await write('json-min', [rows[0]!, skipped]));
    expect(records).toHaveLength(2);
    expect(records[0]).toMatchObject({ text: 'a "b",\nc', label: 'spam', id: 1, annotation_id: 10, lead_time: 1.5 });
    expect(records[1]).toMatchObject({ label: 'ham', labeler: 'model:head@3fa9', score: 0.75, run: 12 });
  });

  it('JSON_MIN keeps several answers, geometry and colliding names apart', async () => {
    const box = {
      from_name: 'box',
      to_name: 'image',
      type: 'rectanglelabels',
      original_width: 100,
      original_height: 50,
      value: { x: 1, y: 2, width: 3, height: 4, rotation: 0, rectanglelabels: ['Car'] },
    };
    const both = { ...choice('a'), value: { choices: ['a', 'b'] } };
    const base = row(1, { id: 'mine', label: 'theirs' });
    const one = { ...base, predictions: [], annotations: [{ ...base.annotations[0]!, result: [both, box] }] };
    expect(JSON.parse(await write('json-min', [one]))[0]).toMatchObject({
      id: 'mine',
      id_1: 1,
      label: 'theirs',
      label_1: ['a', 'b'],
      box: [{ ...box.value, original_width: 100, original_height: 50 }],
    });
  });

  it('CSV has every field of every row in its header and quotes what it must', async () => {
    const text = await write('csv');
    const [header, ...records] = (await read('csv', text)).map(({ data }) => data);
    expect(Object.keys(header!).slice(0, 4)).toEqual(['text', 'n', 'tags', 'label']);
    expect([header, ...records].map((one) => one!.text)).toEqual(['a "b",\nc', 'a "b",\nc', '=1+1', '=1+1']);
    expect(records[1]).toMatchObject({ tags: '["x"]', label: 'spam', labeler: 'annotator:ada', n: '' });
  });

  it('CSV defuses formulas when asked', async () => {
    expect(await write('csv', [row(1, { text: '=cmd()' })], { escapeFormulas: true })).toContain("\n'=cmd(),");
    expect(await write('csv', [row(1, { text: '-1', n: -1 })], { escapeFormulas: true })).toContain("\n'-1,-1,");
  });

  it('of nothing is still a file of its format', async () => {
    expect(JSON.parse(await write('json', []))).toEqual([]);
    expect(await write('jsonl', [])).toBe('');
    expect(await write('csv', [])).toContain('labeler');
  });
});

describe('registry', () => {
  it('has different names, and each format can do something', () => {
    expect(new Set(FORMATS.map(({ name }) => name)).size).toBe(FORMATS.length);
    for (const { name, read, write, readFolder, writeFolder } of FORMATS) {
      expect(read ?? write ?? readFolder ?? writeFolder, name).toBeDefined();
    }
  });

  it('finds formats by Label Studio names too, and says what there is', () => {
    expect(formatNamed('JSON_MIN', 'write').name).toBe('json-min');
    expect(() => formatNamed('xlsx', 'read')).toThrow(AppError);
    expect(() => formatNamed('json-min', 'read')).toThrow(/cannot be imported/);
  });
});

describe('labeler keys', () => {
  it.each([
    { kind: 'annotator', name: 'ada@example.org', version: '' },
    { kind: 'model', name: 'onnx:yolox', version: '1' },
    { kind: 'rule', name: 'r7', version: '' },
  ] as const)('%o goes there and back', (labeler) => {
    expect(parseLabelerKey(labelerKey(labeler))).toEqual(labeler);
  });

  it.each(['', 'x', 'robot:a', 'model:'])('%j is none', (text) => expect(parseLabelerKey(text)).toBeNull());
});
