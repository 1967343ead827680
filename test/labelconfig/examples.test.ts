/** The 45 example projects of Label Studio's frontend: every config, every saved result. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkResult, parseLabelConfig, renderLabelConfig } from '../../src/labelconfig/index.ts';
import { WRONG_EXAMPLES } from '../helpers/example-projects.ts';

const folder = resolve(import.meta.dirname, '../../../shared/data/label-studio');
const present = existsSync(folder) || process.env.CI === 'true';

interface Saved {
  data?: Record<string, never>;
  annotations?: { result: unknown[] }[];
  predictions?: { result: unknown[] }[];
}

const read = (...path: string[]) => readFileSync(join(folder, ...path), 'utf8');
const projects = present
  ? readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
  : [];

/** The task an annotation file belongs to: its own data, else the project's first task. */
function dataOf(project: string, saved: Saved): Record<string, never> {
  if (saved.data !== undefined && Object.keys(saved.data).length > 0) return saved.data;
  const tasks = join(folder, project, 'tasks.json');
  return existsSync(tasks) ? (JSON.parse(readFileSync(tasks, 'utf8'))[0].data ?? {}) : {};
}

describe.skipIf(!present)('example projects (../shared/data/label-studio)', () => {
  it('are all there', () => expect(projects).toHaveLength(45));

  it.each(projects)('%s: config parses and survives a round trip', (project) => {
    for (const name of readdirSync(join(folder, project)).filter((file) => file.endsWith('.xml'))) {
      const config = parseLabelConfig(read(project, name));
      expect(parseLabelConfig(renderLabelConfig(config))).toEqual(config);
    }
  });

  it.each(projects)('%s: results fit, or are refused by name', (project) => {
    const config = parseLabelConfig(read(project, 'config.xml'));
    const annotations = join(folder, project, 'annotations');
    const refused: string[] = [];
    for (const name of existsSync(annotations) ? readdirSync(annotations) : []) {
      const saved = JSON.parse(readFileSync(join(annotations, name), 'utf8')) as Saved;
      for (const { result } of [...(saved.annotations ?? []), ...(saved.predictions ?? [])]) {
        const { problems } = checkResult(config, { data: dataOf(project, saved) }, result);
        refused.push(...problems.filter((one) => !one.repaired).map((one) => one.message));
      }
    }
    const reasons = new Set(refused.map((message) => message.replace(/ \(.*$/, '')));
    expect([...reasons]).toEqual(project in WRONG_EXAMPLES ? [WRONG_EXAMPLES[project]] : []);
  });
});
