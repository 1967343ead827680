/** The 45 example projects of Label Studio's frontend, imported and exported again. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { hasSharedData, read, rowOf, SHARED_DATA, write } from './helpers.ts';

const folder = join(SHARED_DATA, 'label-studio');
const projects = hasSharedData
  ? readdirSync(folder).filter((name) => existsSync(join(folder, name, 'tasks.json')))
  : [];

describe.skipIf(!hasSharedData)('example projects (../shared/data/label-studio)', () => {
  it('are there', () => expect(projects.length).toBeGreaterThan(40));

  it.each(projects)('%s: import(export(import(x))) = import(x)', async (project) => {
    const annotations = join(folder, project, 'annotations');
    const saved = existsSync(annotations) ? readdirSync(annotations).map((name) => join(annotations, name)) : [];
    for (const path of [join(folder, project, 'tasks.json'), ...saved]) {
      const given = JSON.parse(readFileSync(path, 'utf8'));
      // Saved results of the frontend may lack the data of their task.
      const tasks = [given].flat().map((task) => ({ ...task, data: task.data ?? {} }));
      const rows = (await read('json', JSON.stringify(tasks))).map((task, i) => rowOf(task, i + 1));
      for (const format of ['json', 'jsonl']) {
        const again = (await read(format, await write(format, rows))).map((task, i) => rowOf(task, i + 1));
        // As text: comparing the millions of numbers of a mask one by one takes seconds.
        expect(JSON.stringify(again) === JSON.stringify(rows), path).toBe(true);
      }
    }
  });
});
