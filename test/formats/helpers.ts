/** Rows to export, and the way there and back, shared by the format tests. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Region } from '../../src/core/domain.ts';
import type { JsonObject } from '../../src/core/json.ts';
import {
  type ExportRow,
  formatNamed,
  type ImportedTask,
  type OutputFile,
  type ReadOptions,
  type WriteOptions,
} from '../../src/formats/index.ts';

export const SHARED_DATA = resolve(import.meta.dirname, '../../../shared/data');
export const hasSharedData = existsSync(SHARED_DATA) || process.env.CI === 'true';

const TIME = '2025-01-02T03:04:05.000Z';

/** A task with one human answer. */
export function exportRow(id: number, data: JsonObject, result: readonly Region[], meta: JsonObject = {}): ExportRow {
  return {
    task: { id, projectId: 1, ordinal: id - 1, data, meta, createdAt: TIME, updatedAt: TIME },
    annotations: [
      {
        id,
        projectId: 1,
        taskId: id,
        annotatorId: 1,
        labeler: { kind: 'annotator', name: 'ada', version: '' },
        result,
        skipped: false,
        groundTruth: false,
        visibleMs: null,
        via: 'api',
        parentPrediction: null,
        outcome: 'unaided',
        difference: {},
        blind: false,
        blindResult: null,
        note: '',
        submissionId: `s${id}`,
        runId: null,
        createdAt: TIME,
        updatedAt: TIME,
      },
    ],
    predictions: [],
  };
}

/** An imported task as the row that would be exported. */
export function rowOf(task: ImportedTask, id: number): ExportRow {
  return exportRow(
    id,
    task.data,
    task.annotations.flatMap((one) => one.result),
    task.meta,
  );
}

export async function write(format: string, rows: readonly ExportRow[], options: WriteOptions = {}): Promise<string> {
  let text = '';
  for await (const piece of formatNamed(format, 'write').write(() => rows, options)) text += piece;
  return text;
}

export async function read(format: string, text: string, options: ReadOptions = {}): Promise<ImportedTask[]> {
  const tasks: ImportedTask[] = [];
  const bytes = new TextEncoder().encode(text);
  for await (const { task } of formatNamed(format, 'read').read([bytes], options)) tasks.push(task);
  return tasks;
}

export async function writeFolder(format: string, rows: readonly ExportRow[], options: WriteOptions = {}) {
  const files: OutputFile[] = [];
  for await (const file of formatNamed(format, 'writeFolder').writeFolder(() => rows, options)) files.push(file);
  return files;
}

export async function readFolder(format: string, files: readonly OutputFile[], options: ReadOptions = {}) {
  const tasks: ImportedTask[] = [];
  const inputs = files.map(({ path, content }) => ({ path, bytes: [Buffer.from(content)] }));
  for await (const { task } of formatNamed(format, 'readFolder').readFolder(() => inputs, options)) tasks.push(task);
  return tasks;
}
