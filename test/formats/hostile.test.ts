/** Tasks and results that nobody checked: no writer falls over them, no reader hangs or throws anything but its errors. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Region } from '../../src/core/domain.ts';
import { AppError } from '../../src/core/errors.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { FORMATS } from '../../src/formats/index.ts';
import { exportRow, read, readFolder, write, writeFolder } from './helpers.ts';

const TYPES =
  'choices labels rectanglelabels polygonlabels ellipselabels keypointlabels brushlabels textarea relation rectangle';
const KEYS =
  'choices labels text start end x y width height rotation points rle radiusX radiusY rectanglelabels polygonlabels';
const number = fc.oneof(fc.double(), fc.integer({ min: -5, max: 200 }));
const junk = fc.oneof(fc.jsonValue(), number, fc.array(fc.tuple(number, number)), fc.array(fc.string()));
const region = fc.record(
  {
    id: fc.oneof(fc.string(), junk),
    type: fc.constantFrom(...TYPES.split(' ')),
    from_name: fc.constantFrom('label', '../x', '__proto__'),
    to_name: fc.constantFrom('text', 'image'),
    original_width: fc.oneof(fc.integer({ min: 1, max: 20 }), junk),
    original_height: fc.oneof(fc.integer({ min: 1, max: 20 }), junk),
    parentID: junk,
    from_id: junk,
    labels: junk,
    value: fc.oneof(fc.dictionary(fc.constantFrom(...KEYS.split(' ')), junk, { maxKeys: 8 }), junk),
  },
  { requiredKeys: ['type'] },
) as unknown as fc.Arbitrary<Region>;
const data = fc.dictionary(fc.constantFrom('text', 'image', 'audio', 'width', 'height'), fc.oneof(fc.string(), junk));

describe('hostile tasks', () => {
  it.each(FORMATS.map((format) => [format.name, format] as const))('%s writes what it can', async (name, format) => {
    await fc.assert(
      fc.asyncProperty(data, fc.array(region, { maxLength: 4 }), async (given, result) => {
        const rows = [exportRow(1, given as JsonObject, result), exportRow(2, { text: 'fine', image: 'a.jpg' }, [])];
        if (format.write) await write(name, rows, { onLoss: () => {} });
        if (format.writeFolder) {
          for (const { path } of await writeFolder(name, rows)) expect(path).not.toMatch(/(^|\/)\.|\\|^\/|\0/);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each(FORMATS.map((format) => [format.name, format] as const))('%s reads or refuses', async (name, format) => {
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(fc.json()).map((lines) => lines.join('\n')),
      fc.string({ unit: fc.constantFrom(...'{}[]",:\\<>/&;=a1 \n\t') }),
    );
    await fc.assert(
      fc.asyncProperty(text, async (given) => {
        try {
          if (format.read) await read(name, given);
          if (format.readFolder) {
            await readFolder(name, [
              { path: 'classes.txt', content: 'a\n' },
              { path: 'x.txt', content: given },
              { path: 'x.xml', content: given },
            ]);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect((error as AppError).code).toMatch(/^(INPUT|LIMIT|LABELCONFIG)_/);
        }
      }),
      { numRuns: 100 },
    );
  });
});
