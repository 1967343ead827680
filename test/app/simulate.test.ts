/** A labeled file as a simulation: which rows count, what is refused, and the page that comes out. */
import { describe, expect, it } from 'vitest';
import { type LabeledFile, readLabeledFile } from '../../src/app/learning/labeled-file.ts';
import { checkPlan, simulate } from '../../src/app/learning/simulate.ts';
import { simulationPage } from '../../src/cli/simulation-page.ts';
import { seededRandom } from '../../src/core/random.ts';
import { unitRow } from '../heads/reference.ts';
import { makeTexts } from '../helpers/texts.ts';

const COLUMNS = { text: 'body', label: 'kind' };
const read = (lines: readonly string[], name = 'a.csv'): Promise<LabeledFile> =>
  readLabeledFile(name, [new TextEncoder().encode(lines.join('\n'))], COLUMNS);
const good = makeTexts(60).map(({ text, label }) => `"${text}",${label}`);

describe('a labeled file', () => {
  it('gives its different texts with a label, in an order that does not depend on the file', async () => {
    const file = await read(['body,kind', ...good, good[0]!, ',spam', '"no label", ']);
    expect(file.texts).toHaveLength(60);
    expect(file.classes).toEqual(['ham', 'spam']);
    expect(file.leftOut).toEqual({ empty: 2, repeated: 1, surplus: 0 });
    const again = await read(['body,kind', ...[...good].reverse()]);
    expect(again.texts).toEqual(file.texts);
    expect(again.labels).toEqual(file.labels);
  });

  it('may be JSON lines', async () => {
    const lines = makeTexts(50).map(({ text, label }) => JSON.stringify({ body: text, kind: label }));
    expect((await read(lines, 'a.jsonl')).texts).toHaveLength(50);
  });

  it.each([
    ['a column that is not there', ['text,kind', ...good], /no column 'body'; it has: text, kind/],
    ['too few rows', ['body,kind', ...good.slice(0, 20)], /20 different texts with a label are too few/],
    ['one class', ['body,kind', ...good.map((line) => line.replace(/,\w+$/, ',x'))], /holds 1 different values/],
    ['no classes', ['body,kind', ...good.map((line, i) => line.replace(/,\w+$/, `,${i}`))], /that is no set of labels/],
  ])('is refused with %s', async (_, lines, message) => {
    await expect(read(lines)).rejects.toThrow(message);
  });
});

describe('a plan', () => {
  const plan = { strategies: ['margin'], seeds: 2, batch: 5, budget: 20 };

  it('always holds random, and each strategy once', () => {
    expect(checkPlan({ ...plan, strategies: ['margin', 'margin'] }).strategies).toEqual(['margin', 'random']);
  });

  it('is refused with an unknown strategy or without a curve', () => {
    expect(() => checkPlan({ ...plan, strategies: ['best'] })).toThrow(/no query strategy 'best'; there are: uncert/);
    expect(() => checkPlan({ ...plan, budget: 9 })).toThrow(/less than two batches of 5/);
  });
});

describe('a simulation', () => {
  const random = seededRandom('simulate');
  const items = 80;
  const file = {
    name: 'a <b>.csv',
    embedder: 'fake@1',
    texts: Array.from({ length: items }, (_, i) => `text ${i}`),
    classes: ['no', 'yes'],
    labels: Int32Array.from({ length: items }, (_, i) => i % 2),
    leftOut: { empty: 0, repeated: 3, surplus: 0 },
    dim: 4,
    rows: new Float32Array(items * 4),
    failed: [7],
  };
  for (let i = 0; i < items; i++) file.rows.set(unitRow(random, 4, [i % 2 ? 1 : -1], 0.6), i * 4);

  it('reports each strategy and every step, the same each time', async () => {
    const plan = checkPlan({ strategies: ['margin'], seeds: 2, batch: 5, budget: 100 });
    const seen: number[] = [];
    const report = await simulate(file, plan, (done, total) => seen.push(done, total));
    expect(seen).toEqual([1, 4, 2, 4, 3, 4, 4, 4]);
    expect(report).toMatchObject({ pool: 60, test: 19, leftOut: { failed: 1, repeated: 3 } });
    expect(report.results.map((one) => one.strategy)).toEqual(['margin', 'random']);
    expect(report.results[0]!.curve.at(-1)!.labels).toBe(48);
    expect(report.remarks.join(' ')).toMatch(/run at least 6.*holds 48 items/);
    expect(await simulate(file, plan, () => undefined)).toEqual(report);

    const page = simulationPage(report);
    expect(page).toContain('Simulation of a &#60;b&#62;.csv');
    expect(page).not.toMatch(/<script|NaN|undefined|src=|href=|url\(/);
    expect(page.match(/<polyline/g)).toHaveLength(2);
    expect(page.match(/<circle/g)).toHaveLength(2);
  });
});
