/** Regions of every type: what fits, what is mended, what is refused, and how two results differ. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Region } from '../../src/core/domain.ts';
import { checkResult, diffResults, encodeBrush, parseLabelConfig, regionOverlap } from '../../src/labelconfig/index.ts';

/** One control of every type over one object of every kind. */
const config = parseLabelConfig(`<View>
  <Text name="text" value="$text"/><Image name="image" value="$image"/><Audio name="audio" value="$audio"/>
  <HyperText name="html" value="$html"/><Paragraphs name="chat" value="$chat"/><TimeSeries name="ts" value="$ts"/>
  <Video name="video" value="$video"/><List name="list" value="$list"/>
  <Labels name="ner" toName="text"><Label value="Person"/><Label value="Place"/></Labels>
  <Labels name="sound" toName="audio"><Label value="Beat"/></Labels>
  <Labels name="tool" toName="image"><Label value="Car"/></Labels>
  <HyperTextLabels name="hyper" toName="html"><Label value="Person"/></HyperTextLabels>
  <ParagraphLabels name="para" toName="chat"><Label value="Important"/></ParagraphLabels>
  <TimeSeriesLabels name="series" toName="ts"><Label value="Run"/></TimeSeriesLabels>
  <TimelineLabels name="line" toName="video"><Label value="Jump"/></TimelineLabels>
  <VideoRectangle name="track" toName="video"/>
  <RectangleLabels name="box" toName="image"><Label value="Car"/><Label value="Bus"/></RectangleLabels>
  <EllipseLabels name="ell" toName="image"><Label value="Car"/></EllipseLabels>
  <PolygonLabels name="poly" toName="image"><Label value="Car"/></PolygonLabels>
  <KeyPointLabels name="point" toName="image"><Label value="Nose"/></KeyPointLabels>
  <BrushLabels name="brush" toName="image"><Label value="Car"/></BrushLabels>
  <BitmaskLabels name="bits" toName="image"><Label value="Car"/></BitmaskLabels>
  <VectorLabels name="vec" toName="image"><Label value="Road"/></VectorLabels>
  <Taxonomy name="tax" toName="text"><Choice value="A"><Choice value="A1"/></Choice><Choice value="B"/></Taxonomy>
  <Choices name="dyn" toName="text" value="$classes" choice="multiple"/>
  <Rating name="rate" toName="text" maxRating="3"/><Number name="num" toName="text" min="1" max="9"/>
  <DateTime name="date" toName="text"/><TextArea name="words" toName="text"/>
  <Pairwise name="pair" toName="text,html"/><Ranker name="rank" toName="list"/>
  <Relations><Relation value="knows"/></Relations>
</View>`);

const data = {
  text: '😀 Ada met Bob.',
  chat: [{ text: 'Hello' }, { text: 'Bye' }],
  classes: [{ value: 'x', alias: 'X' }, 'y'],
};

const region = (from: string, to: string, type: string, value: object, more: object = {}): Region =>
  ({ id: from, from_name: from, to_name: to, type, value, ...more }) as Region;
const box = (x: number, y: number, width: number, height: number, label = 'Car', rotation = 0) =>
  region('box', 'image', 'rectanglelabels', { x, y, width, height, rotation, rectanglelabels: [label] });

const rle = [...encodeBrush(Uint8Array.of(0, 255, 255, 0))];
const SIZE = { original_width: 2, original_height: 2 };

const GOOD: Region[] = [
  region('ner', 'text', 'labels', { start: 3, end: 6, text: 'Ada', labels: ['Person'] }),
  region('sound', 'audio', 'labels', { start: 1.5, end: 2.5, channel: 0, labels: ['Beat'] }),
  region('tool', 'image', 'labels', { x: 1, y: 1, width: 2, height: 2, rotation: 0, labels: ['Car'] }),
  region('hyper', 'html', 'hypertextlabels', {
    start: '/p[1]/text()[1]',
    end: '/p[1]/text()[1]',
    startOffset: 0,
    endOffset: 3,
    hypertextlabels: ['Person'],
  }),
  region('para', 'chat', 'paragraphlabels', {
    start: '0',
    end: '1',
    startOffset: 1,
    endOffset: 2,
    paragraphlabels: ['Important'],
  }),
  region('series', 'ts', 'timeserieslabels', { start: 5, end: 7, instant: false, timeserieslabels: ['Run'] }),
  region('line', 'video', 'timelinelabels', { ranges: [{ start: 1, end: 24 }], timelinelabels: ['Jump'] }),
  region('track', 'video', 'videorectangle', {
    sequence: [
      { frame: 1, enabled: true, x: 0, y: 0, width: 10, height: 10, rotation: 0 },
      { frame: 11, enabled: false, x: 10, y: 0, width: 10, height: 10, rotation: 0 },
    ],
    labels: ['Car'],
  }),
  box(10, 10, 20, 20),
  region('ell', 'image', 'ellipselabels', {
    x: 50,
    y: 50,
    radiusX: 5,
    radiusY: 4,
    rotation: 9,
    ellipselabels: ['Car'],
  }),
  region('poly', 'image', 'polygonlabels', {
    points: [
      [0, 0],
      [9, 0],
      [9, 9],
    ],
    closed: true,
    polygonlabels: ['Car'],
  }),
  region('point', 'image', 'keypointlabels', { x: 5, y: 5, width: 0.3, keypointlabels: ['Nose'] }),
  region('brush', 'image', 'brushlabels', { format: 'rle', rle, brushlabels: ['Car'] }, SIZE),
  region('bits', 'image', 'bitmasklabels', { imageDataURL: 'data:image/png;base64,AA==', bitmasklabels: ['Car'] }),
  region('vec', 'image', 'vectorlabels', {
    vertices: [{ x: 1, y: 2, id: 'a' }],
    closed: false,
    vectorlabels: ['Road'],
  }),
  region('tax', 'text', 'taxonomy', { taxonomy: [['A', 'A1'], ['B']] }),
  region('dyn', 'text', 'choices', { choices: ['X', 'y'] }),
  region('rate', 'text', 'rating', { rating: 3 }),
  region('num', 'text', 'number', { number: 9 }),
  region('date', 'text', 'datetime', { datetime: '1991-05-22T09:17' }),
  region('words', 'text', 'textarea', { text: ['Hello'] }),
  region('pair', 'pair', 'pairwise', { selected: 'left' }),
  region('rank', 'list', 'ranker', { ranker: { best: ['a'], rest: ['b'] } }),
  { type: 'relation', from_id: 'ner', to_id: 'box', direction: 'right', labels: ['knows'] },
];

const change = (from: string, value: object): Region => {
  const good = GOOD.find((one) => one.from_name === from)!;
  return { ...good, value: { ...(good.value as object), ...value } } as Region;
};

describe('regions of every type', () => {
  it('fit as they are', () => {
    expect(checkResult(config, { data }, GOOD)).toEqual({ regions: GOOD, problems: [] });
  });

  it.each([
    ['span beyond the text', change('ner', { start: 3, end: 99, text: undefined })],
    ['empty span', change('ner', { start: 3, end: 3 })],
    ['half offsets', change('ner', { start: 3.5 })],
    ['sound that ends before it starts', change('sound', { start: 3 })],
    ['labels without a place', region('tool', 'image', 'labels', { labels: ['Car'] })],
    ['path that is none', change('hyper', { start: 5 })],
    ['paragraph that is not there', change('para', { end: '7' })],
    ['time that runs back', change('series', { start: 9 })],
    ['frame 0', change('line', { ranges: [{ start: 0, end: 2 }] })],
    [
      'frames out of order',
      change('track', { sequence: [{ frame: 2, x: 0, y: 0, width: 1, height: 1 }, { frame: 1 }] }),
    ],
    ['box outside', change('box', { x: 101 })],
    ['negative width', change('box', { width: -1 })],
    ['infinite box', change('box', { x: null })],
    ['huge ellipse', change('ell', { radiusX: 200 })],
    [
      'two-point polygon',
      change('poly', {
        points: [
          [0, 0],
          [1, 1],
        ],
      }),
    ],
    [
      'polygon outside',
      change('poly', {
        points: [
          [0, 0],
          [1, 1],
          [2, 120],
        ],
      }),
    ],
    ['point outside', change('point', { x: -3 })],
    ['mask that is no bytes', change('brush', { rle: [1, 2, 999] })],
    ['mask of another size', { ...change('brush', {}), original_width: 3 }],
    ['bitmask that is a script', change('bits', { imageDataURL: 'data:text/html,<script>' })],
    ['vertex outside', change('vec', { vertices: [{ x: 1, y: 200 }] })],
    ['path through no tree', change('tax', { taxonomy: [['B', 'A1']] })],
    ['class the task does not have', change('dyn', { choices: ['z'] })],
    ['rating over the maximum', change('rate', { rating: 4 })],
    ['number under the minimum', change('num', { number: 0 })],
    ['date that is a number', change('date', { datetime: 5 })],
    ['words that are numbers', change('words', { text: [5] })],
    ['neither side', change('pair', { selected: 'both' })],
    ['ranks of numbers', change('rank', { ranker: [1, 2] })],
    ['relation to nowhere', { type: 'relation', from_id: 'ner', to_id: 'gone' }],
    ['relation of no kind', { type: 'relation', from_id: 'ner', to_id: 'ner', labels: ['eats'] }],
  ])('refuse a %s, and nothing else', (_name, bad) => {
    const { regions, problems } = checkResult(config, { data }, [GOOD[0], bad]);
    expect(regions).toEqual([GOOD[0]]);
    expect(problems).toMatchObject([{ index: 1, repaired: false }]);
  });

  it.each([
    ['offsets in code points', change('ner', { start: 2, end: 5 }), GOOD[0]],
    ['stale text', change('ner', { text: 'Eve' }), GOOD[0]],
    ['a box over the edge', box(90, -5, 20, 20), box(90, 0, 10, 15)],
    ['a rotation beyond the circle', box(40, 40, 5, 5, 'Car', -90), box(40, 40, 5, 5, 'Car', 270)],
    ['a text that is no list', change('words', { text: 'Hello' }), GOOD.find((one) => one.from_name === 'words')],
    [
      'the labels of another tool',
      region('tool', 'image', 'brushlabels', { format: 'rle', rle, brushlabels: ['Car'] }, SIZE),
      region('tool', 'image', 'labels', { format: 'rle', rle, labels: ['Car'] }, SIZE),
    ],
  ])('mend %s', (_name, given, wanted) => {
    const { regions, problems } = checkResult(config, { data }, [given]);
    expect(regions).toEqual([wanted]);
    expect(problems).toMatchObject([{ index: 0, repaired: true }]);
  });
});

describe('regions with anything inside', () => {
  const broken = fc
    .tuple(fc.constantFrom(...GOOD), fc.nat(9), fc.jsonValue(), fc.boolean())
    .map(([good, n, junk, outside]) => {
      const place = (outside ? good : (good.value ?? {})) as Record<string, unknown>;
      const keys = Object.keys(place);
      const changed = { ...place, [keys[n % keys.length] ?? 'x']: junk };
      return (outside ? changed : { ...good, value: changed }) as Region;
    });

  it('are kept, mended or refused, but never bring the check down', () => {
    fc.assert(
      fc.property(broken, (region) => {
        const { regions, problems } = checkResult(config, { data }, [region, GOOD[0]]);
        expect(regions.length + problems.filter((one) => !one.repaired).length).toBe(2);
        expect(regions.at(-1)).toEqual(GOOD[0]);
      }),
      { numRuns: 500 },
    );
  });

  it('can be compared, whatever they are', () => {
    fc.assert(
      fc.property(broken, broken, (a, b) => {
        const overlap = regionOverlap(a, b);
        expect(overlap === null || (overlap >= 0 && overlap <= 1)).toBe(true);
        expect(diffResults([a], [b]).length).toBeLessThanOrEqual(2);
      }),
      { numRuns: 500 },
    );
  });
});

describe('overlap of regions', () => {
  it('is 1 with itself and symmetric, whatever the type', () => {
    const placed = GOOD.filter((one) => regionOverlap(one, one) !== null);
    expect(placed.map((one) => one.from_name)).toEqual(
      'ner sound tool hyper para series line track box ell poly point brush vec'.split(' '),
    );
    for (const one of placed.filter((region) => region.from_name !== 'vec')) {
      expect(regionOverlap(one, one), String(one.from_name)).toBeCloseTo(1, 6);
    }
  });

  it('follows the tracks of videos frame by frame', () => {
    const track = GOOD.find((one) => one.from_name === 'track')!;
    const still = change('track', {
      sequence: [
        { frame: 1, enabled: true, x: 0, y: 0, width: 10, height: 10 },
        { frame: 11, enabled: false, x: 0, y: 0, width: 10, height: 10 },
      ],
    });
    // The moving box shares 10 - d of 10 + d columns with the still one, d = 0..10.
    const wanted = Array.from({ length: 11 }, (_unused, d) => (10 - d) / (10 + d)).reduce((a, b) => a + b) / 11;
    expect(regionOverlap(track, still)).toBeCloseTo(wanted, 9);
  });

  it('tells turned boxes apart', () => {
    expect(regionOverlap(box(40, 40, 20, 10), box(40, 40, 20, 10, 'Car', 90))).toBeLessThan(0.5);
  });
});

describe('difference of results with places', () => {
  const changes = (before: Region[], after: Region[]) => diffResults(before, after).map((one) => one.change);
  const named = (one: Region, id: string) => ({ ...one, id });

  it('tells moved from relabeled from replaced', () => {
    const before = [named(box(10, 10, 20, 20), 'a'), named(box(60, 60, 20, 20), 'b')];
    expect(changes(before, before)).toEqual(['accepted', 'accepted']);
    expect(changes(before, [named(box(12, 10, 20, 20), 'x'), before[1]!])).toEqual(['moved', 'accepted']);
    expect(changes(before, [named(box(10, 10, 20, 20, 'Bus'), 'x'), before[1]!])).toEqual(['relabeled', 'accepted']);
    expect(changes(before, [before[0]!, named(box(10, 60, 20, 20), 'x')])).toEqual(['accepted', 'added', 'removed']);
    expect(changes(before, [named(box(10.000001, 10, 20, 20), 'x'), before[1]!])).toEqual(['accepted', 'accepted']);
  });

  it('pairs by the best overlap, one to one', () => {
    const before = [named(box(10, 10, 20, 20), 'a'), named(box(14, 10, 20, 20), 'b')];
    const after = [named(box(15, 10, 20, 20), 'x'), named(box(9, 10, 20, 20), 'y')];
    const pairs = diffResults(before, after).map((one) => [one.before?.id, one.after?.id]);
    expect(pairs).toEqual([
      ['b', 'x'],
      ['a', 'y'],
    ]);
  });

  it('sees a changed answer about a region that did not move', () => {
    const words = (text: string) =>
      region('words', 'text', 'textarea', { x: 1, y: 1, width: 5, height: 5, text: [text] });
    expect(changes([words('a')], [words('b')])).toEqual(['changed']);
  });
});
