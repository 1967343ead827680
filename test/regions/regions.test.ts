import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Point, polygonIou } from '../../src/core/geometry.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { checkResult, decodeBrush, parseLabelConfig } from '../../src/labelconfig/index.ts';
import { type ItemOutputs, itemOutputs, outputsFor, type RegionBinding, regionsOf } from '../../src/regions/index.ts';
import { outlines } from '../../src/regions/outline.ts';

const image = (control: string) => `<View><Image name="image" value="$image"/>${control}</View>`;
const labels = '<Label value="Cat"/><Label value="Dog"/>';

function bind(
  xml: string,
  more: Partial<RegionBinding> = {},
): { binding: RegionBinding; fits(result: readonly JsonObject[], data: JsonObject): void } {
  const config = parseLabelConfig(xml);
  const [control] = config.controls;
  const [object] = config.objects;
  return {
    binding: { control: control!, object: object!, labels: ['Cat', null, 'Dog'], scoreMin: 0.3, ...more },
    fits: (result, data) => expect(checkResult(config, { data }, result)).toEqual({ regions: result, problems: [] }),
  };
}

function records(fields: readonly string[], rows: readonly number[][]): ItemOutputs[string] {
  return { fields, data: Float32Array.from(rows.flat()) };
}
const row = (...values: number[]): ItemOutputs[string] => ({ fields: null, data: Float32Array.from(values) });
const BOX = ['x', 'y', 'width', 'height', 'score', 'label'];
const TASK = { data: { image: 'a.png', text: 'Ada 👩‍💻 met Bob in Köln.', audio: 'a.wav' } };

describe('outputs of a call', () => {
  it('are cut item by item, records by their offsets', () => {
    const specs = { boxes: { fields: ['a', 'b'] }, size: { dim: 2 } };
    const outputs = {
      boxes: { data: Float32Array.of(1, 2, 3, 4, 5, 6), width: 2, offsets: Uint32Array.of(0, 1, 1, 3) },
      size: { data: Float32Array.of(7, 8, 9, 10, 11, 12), width: 2 },
    };
    const last = itemOutputs(specs, outputs, 2);
    expect([...last.boxes!.data]).toEqual([3, 4, 5, 6]);
    expect([...last.size!.data]).toEqual([11, 12]);
    expect(itemOutputs(specs, outputs, 1).boxes!.data).toHaveLength(0);
  });
});

describe('boxes', () => {
  const boxes = records(BOX, [
    [0.1, 0.2, 0.3, 0.4, 0.9, 0],
    [0.5, 0.5, 0.5, 0.5, 0.8, 1],
    [0, 0, 1, 1, 0.2, 2],
    [0.25, 0.5, 0.5, 0.25, 0.5, 2],
  ]);
  const outputs = { boxes, size: row(640, 480) };

  it('become rectangles in percent; unknown classes and unsure boxes are left out', () => {
    const { binding, fits } = bind(image(`<RectangleLabels name="box" toName="image">${labels}</RectangleLabels>`));
    const { regions, score } = regionsOf(binding, TASK, outputs);
    expect(regions.map(({ value }) => (value as JsonObject).rectanglelabels)).toEqual([['Cat'], ['Dog']]);
    expect(regions[0]).toMatchObject({
      original_width: 640,
      original_height: 480,
      to_name: 'image',
      type: 'rectanglelabels',
    });
    expect((regions[0]!.value as JsonObject).x).toBeCloseTo(10, 4);
    expect(score).toBeCloseTo(0.5);
    fits(regions, TASK.data);
  });

  it('keep to the threshold of the control, and name the page of a list', () => {
    const { binding } = bind(
      image(`<RectangleLabels name="box" toName="image" model_score_threshold="0.6">${labels}</RectangleLabels>`),
    );
    const { regions } = regionsOf(binding, { ...TASK, item: 1 }, outputs);
    expect(regions).toHaveLength(1);
    expect(regions[0]!.item_index).toBe(1);
  });

  it.each([
    ['EllipseLabels', 'ellipselabels', { x: 25, radiusX: 15 }],
    ['PolygonLabels', 'polygonlabels', { closed: true }],
  ])('become %s too', (tag, type, value) => {
    const { binding, fits } = bind(image(`<${tag} name="box" toName="image">${labels}</${tag}>`));
    const { regions } = regionsOf(binding, TASK, outputs);
    expect(regions[0]).toMatchObject({ type });
    for (const [key, wanted] of Object.entries(value)) {
      const found = (regions[0]!.value as JsonObject)[key];
      if (typeof wanted === 'number') expect(found).toBeCloseTo(wanted, 4);
      else expect(found).toBe(wanted);
    }
    fits(regions, TASK.data);
  });

  it('carry the text that was read in them, letters of any plane', () => {
    const xml = image('<Rectangle name="box" toName="image"/><TextArea name="words" toName="image" perRegion="true"/>');
    const { binding, fits } = bind(xml, { transcription: parseLabelConfig(xml).controls[1]! });
    const letters = records(
      ['box', 'code'],
      [...'Hi 👩'].map((letter) => [0, letter.codePointAt(0)!]),
    );
    const turned = records([...BOX, 'rotation'], [[0.1, 0.2, 0.3, 0.1, 0.9, 0, 350]]);
    const { regions } = regionsOf(binding, TASK, { boxes: turned, letters, size: row(100, 50) });
    expect(regions).toHaveLength(2);
    expect(regions[1]).toMatchObject({
      id: regions[0]!.id,
      type: 'textarea',
      value: { text: ['Hi 👩'], rotation: 350 },
    });
    fits(regions, TASK.data);
  });

  it('always fit the config, whatever a model says inside the picture', () => {
    const { binding, fits } = bind(image(`<RectangleLabels name="box" toName="image">${labels}</RectangleLabels>`));
    const unit = fc.float({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(unit, unit, unit, unit, unit, fc.nat(4))), (rows) => {
        const inside = rows.map(([x, y, w, h, score, label]) => [x, y, w * (1 - x), h * (1 - y), score, label]);
        const { regions } = regionsOf(binding, TASK, { boxes: records(BOX, inside), size: row(33, 7) });
        fits(regions, TASK.data);
      }),
    );
  });
});

describe('key points', () => {
  it('become KeyPointLabels', () => {
    const { binding, fits } = bind(image(`<KeyPointLabels name="points" toName="image">${labels}</KeyPointLabels>`));
    const points = records(
      ['x', 'y', 'score', 'label'],
      [
        [0.5, 0.25, 0.9, 0],
        [0.1, 0.1, 0.1, 2],
      ],
    );
    const { regions } = regionsOf(binding, TASK, { points, size: row(10, 10) });
    expect(regions.map(({ value }) => value)).toEqual([{ x: 50, y: 25, width: 0.5, keypointlabels: ['Cat'] }]);
    fits(regions, TASK.data);
  });
});

describe('masks', () => {
  // An 8 x 4 grid: a block of 3 x 2 cells of the first class, a single cell of the third.
  const masks = records(
    ['object', 'score', 'label', 'start', 'length'],
    [
      [0, 0.9, 0, 9, 3],
      [0, 0.9, 0, 17, 3],
      [1, 0.6, 2, 31, 1],
    ],
  );
  const outputs = { masks, grid: row(8, 4), size: row(16, 8) };

  it('become brush regions of the size of the picture', () => {
    const { binding, fits } = bind(image(`<BrushLabels name="brush" toName="image">${labels}</BrushLabels>`));
    const { regions } = regionsOf(binding, TASK, outputs);
    expect(regions).toHaveLength(2);
    const mask = decodeBrush((regions[0]!.value as { rle: number[] }).rle, { width: 16, height: 8 });
    expect(mask.filter((value) => value > 0)).toHaveLength(3 * 2 * 4);
    expect(mask[2 * 16 + 2]).toBe(255);
    expect(mask[2 * 16 + 1]).toBe(0);
    fits(regions, TASK.data);
  });

  it('become polygons around their pieces', () => {
    const { binding, fits } = bind(image(`<PolygonLabels name="area" toName="image">${labels}</PolygonLabels>`));
    const { regions } = regionsOf(binding, TASK, outputs);
    const corners = (regions[0]!.value as { points: number[][] }).points;
    expect(corners.toSorted().map(String)).toEqual(['12.5,25', '12.5,75', '50,25', '50,75']);
    fits(regions, TASK.data);
  });
});

describe('outlines', () => {
  it('enclose the same pixels: circles, rings, pieces that touch by a corner', () => {
    const size = { width: 40, height: 30 };
    const disc = (cx: number, cy: number, r: number) =>
      Uint8Array.from({ length: 1200 }, (_, i) =>
        Math.hypot((i % 40) + 0.5 - cx, Math.floor(i / 40) + 0.5 - cy) < r ? 1 : 0,
      );
    const [circle] = outlines(disc(15, 12, 9), size, { pixelsMin: 1, tolerance: 0.75 });
    const round = Array.from(
      { length: 90 },
      (_, i): Point => [15 + 9 * Math.cos(i / 14.32), 12 + 9 * Math.sin(i / 14.32)],
    );
    expect(polygonIou(circle!, round)).toBeGreaterThan(0.94);
    expect(circle!.length).toBeLessThan(40);

    const corner = Uint8Array.from({ length: 16 }, (_, i) => (i === 0 || i === 5 ? 1 : 0));
    expect(outlines(corner, { width: 4, height: 4 }, { pixelsMin: 1, tolerance: 0 })).toHaveLength(2);
    const specks = outlines(disc(15, 12, 9), size, { pixelsMin: 1_000, tolerance: 0 });
    expect(specks).toEqual([]);
  });

  it('without tolerance have exactly the area of a piece without holes', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 9 }), (heights) => {
        const size = { width: heights.length, height: 9 };
        const mask = new Uint8Array(size.width * 9);
        heights.forEach((h, x) => {
          for (let y = 9 - h; y < 9; y++) mask[y * size.width + x] = 1;
        });
        const [line] = outlines(mask, size, { pixelsMin: 1, tolerance: 0 });
        const twice = line!.reduce((sum, [x, y], i) => {
          const [nextX, nextY] = line![(i + 1) % line!.length]!;
          return sum + x * nextY - nextX * y;
        }, 0);
        expect(Math.abs(twice) / 2).toBe(heights.reduce((a, b) => a + b, 0));
      }),
    );
  });
});

describe('spans and segments', () => {
  it('spans of text keep exact UTF-16 offsets and quote what they cover', () => {
    const xml = `<View><Text name="text" value="$text"/><Labels name="ner" toName="text">${labels}</Labels></View>`;
    const { binding, fits } = bind(xml);
    const start = TASK.data.text.indexOf('Bob');
    const spans = records(
      ['start', 'end', 'score', 'label'],
      [
        [start, start + 3, 0.8, 0],
        [0, 9_999, 0.9, 0],
      ],
    );
    const { regions } = regionsOf(binding, TASK, { spans });
    expect(regions.map(({ value }) => value)).toEqual([{ start, end: start + 3, text: 'Bob', labels: ['Cat'] }]);
    fits(regions, TASK.data);
  });

  it('segments of sounds are in seconds', () => {
    const xml = `<View><Audio name="audio" value="$audio"/><Labels name="parts" toName="audio">${labels}</Labels></View>`;
    const { binding, fits } = bind(xml);
    const segments = records(['start', 'end', 'score', 'label'], [[0.1, 0.55, 0.8, 2]]);
    const { regions } = regionsOf(binding, TASK, { segments, duration: row(2.5) });
    expect(regions[0]).toMatchObject({ original_length: 2.5, value: { start: 0.1, end: 0.55, labels: ['Dog'] } });
    fits(regions, TASK.data);
  });
});

describe('class probabilities', () => {
  it('of classes that mean one label count together', () => {
    const xml = image('<Choices name="kind" toName="image"><Choice value="Cat"/><Choice value="Dog"/></Choices>');
    const { binding, fits } = bind(xml, { labels: ['Cat', 'Dog', 'Cat', null] });
    const { regions, score } = regionsOf(binding, TASK, { probabilities: row(0.25, 0.4, 0.25, 0.1) });
    expect(regions).toMatchObject([{ value: { choices: ['Cat'] } }]);
    expect(score).toBeCloseTo(0.5);
    fits(regions, TASK.data);
    expect(regionsOf(binding, TASK, { probabilities: row(0.1, 0.1, 0.1, 0.7) }).regions).toEqual([]);
  });

  it('of several that may hold are each a question of its own', () => {
    const xml = image(
      '<Choices name="kind" toName="image" choice="multiple"><Choice value="Cat"/><Choice value="Dog"/></Choices>',
    );
    const { binding } = bind(xml, { labels: ['Cat', 'Dog'] });
    expect(regionsOf(binding, TASK, { probabilities: row(0.9, 0.6) }).regions).toMatchObject([
      { value: { choices: ['Cat', 'Dog'] } },
    ]);
  });
});

it('says which outputs can answer a control', () => {
  expect(outputsFor('polygonlabels')).toEqual(['masks', 'boxes']);
  expect(outputsFor('rating')).toEqual([]);
});
