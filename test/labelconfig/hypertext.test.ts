import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type HyperTextValue, htmlText, hyperTextToSpan, spanToHyperText } from '../../src/labelconfig/index.ts';

const HTML = '<p>One <b>two</b> three<br>four</p><table><tr><td>five</td></tr></table><script>six()</script>';

describe('places in HTML', () => {
  it('have the paths a browser gives them', () => {
    const page = htmlText(HTML);
    expect(page.text).toBe('One two threefourfive');
    expect(page.nodes.map((node) => node.path)).toEqual([
      '/p[1]/text()[1]',
      '/p[1]/b[1]/text()[1]',
      '/p[1]/text()[2]',
      '/p[1]/text()[3]',
      '/table[1]/tbody[1]/tr[1]/td[1]/text()[1]',
    ]);
  });

  it('go to offsets of the whole text and back', () => {
    const page = htmlText(HTML);
    const offset = fc.integer({ min: 0, max: page.text.length });
    fc.assert(
      fc.property(offset, offset, (a, b) => {
        const span = { start: Math.min(a, b), end: Math.max(a, b) };
        const value = spanToHyperText(page, span);
        if (span.start === span.end) expect(value).toBeNull();
        else {
          expect(hyperTextToSpan(page, value!)).toEqual(span);
          expect(value!.text).toBe(page.text.slice(span.start, span.end));
        }
      }),
    );
  });

  it('may be children of elements', () => {
    const value = { start: '/p[1]', end: '/p[1]', startOffset: 1, endOffset: 2 };
    expect(hyperTextToSpan(htmlText(HTML), value)).toEqual({ start: 4, end: 7 });
    expect(hyperTextToSpan(htmlText(HTML), { ...value, end: '/p[9]' })).toBeNull();
    expect(hyperTextToSpan(htmlText(HTML), { ...value, endOffset: 99 })).toBeNull();
  });

  const folder = resolve(import.meta.dirname, '../../../shared/data/label-studio/rich_text_html');
  it.skipIf(!existsSync(folder) && process.env.CI !== 'true')('agree with the real page (../shared/data)', () => {
    const load = (name: string) => JSON.parse(readFileSync(resolve(folder, name), 'utf8'));
    const page = htmlText(load('tasks.json')[0].data.text);
    const values = load('annotations/1.json').annotations[0].result.map((one: { value: HyperTextValue }) => one.value);
    expect(values.length).toBeGreaterThan(3);
    for (const value of values as Required<HyperTextValue>[]) {
      expect(hyperTextToSpan(page, value)).toEqual(value.globalOffsets);
    }
  });
});
