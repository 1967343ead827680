/** COCO, YOLO and Pascal VOC, there and back. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import type { Region } from '../../src/core/domain.ts';
import { maskFromCounts, maskToCounts } from '../../src/formats/coco-mask.ts';
import { safeStem, uniqueNames } from '../../src/formats/paths.ts';
import { encodeBrush, parseLabelConfig } from '../../src/labelconfig/index.ts';
import { exportRow, hasSharedData, read, readFolder, rowOf, SHARED_DATA, write, writeFolder } from './helpers.ts';

const config = parseLabelConfig(`<View>
  <Image name="image" value="$image"/>
  <RectangleLabels name="box" toName="image"><Label value="RBC"/><Label value="WBC"/><Label value="Platelets"/></RectangleLabels>
  <PolygonLabels name="poly" toName="image"><Label value="RBC"/></PolygonLabels>
  <KeyPointLabels name="point" toName="image"><Label value="nose"/><Label value="ear"/></KeyPointLabels>
  <BrushLabels name="brush" toName="image"><Label value="RBC"/></BrushLabels>
</View>`);

const SIZE = { original_width: 640, original_height: 480, image_rotation: 0 };
const region = (id: string, from: string, type: string, value: object, more: object = {}): Region =>
  ({ id, from_name: from, to_name: 'image', type, ...SIZE, ...more, value }) as Region;
const box = (id: string, x: number, y: number, width: number, height: number, label = 'RBC', rotation = 0) =>
  region(id, 'box', 'rectanglelabels', { x, y, width, height, rotation, rectanglelabels: [label] });

const boxes = fc
  .array(
    fc.tuple(
      ...[90, 90, 9, 9].map((max) => fc.double({ min: 0.1, max, noNaN: true })),
      fc.constantFrom('RBC', 'WBC', 'Platelets'),
    ),
    { minLength: 1, maxLength: 5 },
  )
  .map((list) =>
    list.map(([x, y, width, height, label], i) =>
      box(`b${i}`, x as number, y as number, width as number, height as number, label as string),
    ),
  );

/** Boxes in pixels with their labels. */
function pixels(result: readonly Region[], width = 640, height = 480) {
  return result.map((one) => {
    const value = one.value as Record<string, number> & { rectanglelabels: string[] };
    const label = value.rectanglelabels[0]!;
    return {
      label,
      numbers: [value.x! * width, value.y! * height, value.width! * width, value.height! * height].map((n) => n / 100),
    };
  });
}

function expectClose(got: ReturnType<typeof pixels>, wanted: ReturnType<typeof pixels>) {
  expect(got.map(({ label }) => label)).toEqual(wanted.map(({ label }) => label));
  got.forEach(({ numbers }, i) => {
    const worst = Math.max(...numbers.map((n, k) => Math.abs(n - wanted[i]!.numbers[k]!)));
    expect(worst).toBeLessThan(0.01);
  });
}

const roundTrip = async (format: string, rows: Parameters<typeof write>[1]) =>
  format === 'coco'
    ? read('coco', await write('coco', rows, { config }), { config })
    : readFolder(format, await writeFolder(format, rows, { config }), { config });

describe.each(['coco', 'yolo', 'voc'])('%s', (format) => {
  it('gives boxes back within a hundredth of a pixel', async () => {
    await fc.assert(
      fc.asyncProperty(boxes, async (result) => {
        const [task] = await roundTrip(format, [exportRow(1, { image: 'a/b.jpg' }, result)]);
        expectClose(pixels(task!.annotations[0]!.result), pixels(result));
      }),
      { numRuns: 30 },
    );
  });

  it.skipIf(!hasSharedData)('bccd survives (../shared/data/images)', async () => {
    const lines = (name: string) =>
      readFileSync(join(SHARED_DATA, 'images/bccd', name), 'utf8')
        .trim()
        .split(/\r?\n/)
        .slice(1);
    const found = new Map<string, Region[]>();
    const sizes = new Map(
      lines('images.csv').map((line) => [line.split(',')[0]!, line.split(',').slice(1, 3).map(Number)]),
    );
    for (const line of lines('boxes.csv')) {
      const [file, label, ...numbers] = line.split(',');
      const [width, height] = sizes.get(file!) as [number, number];
      const [xmin, ymin, xmax, ymax] = numbers.map(Number) as [number, number, number, number];
      const list = found.get(file!) ?? [];
      list.push(
        box(
          `b${list.length}`,
          (xmin / width) * 100,
          (ymin / height) * 100,
          ((xmax - xmin) / width) * 100,
          ((ymax - ymin) / height) * 100,
          label,
        ),
      );
      found.set(file!, list);
    }
    const rows = [...found].map(([image, result], i) => exportRow(i + 1, { image }, result));
    const tasks = await roundTrip(format, rows);
    expect(tasks).toHaveLength(rows.length);
    tasks.forEach((task, i) => {
      expect(task.data.image).toBe(rows[i]!.task.data.image);
      expectClose(pixels(task.annotations[0]!.result), pixels(rows[i]!.annotations[0]!.result));
    });
    expect(tasks.flatMap((task) => task.annotations[0]!.result)).toHaveLength(4888);
  });

  it('never writes outside of its folder', async () => {
    const names = [
      '../../etc/passwd',
      '/etc/passwd',
      'C:\\x\\..\\y.jpg',
      'a/../../b.png',
      '..',
      '',
      'con.jpg',
      '\0.jpg',
      '.hidden',
      'http://h/x.jpg?../y',
    ];
    const rows = names.map((image, i) => exportRow(i + 1, { image }, [box('b', 1, 1, 2, 2)]));
    if (format === 'coco') return;
    const files = await writeFolder(format, rows, { config });
    for (const { path } of files)
      expect(path).toMatch(/^((labels|Annotations)\/)?[\p{L}\p{N}_][\p{L}\p{N}_.-]*\.(txt|xml|json)$/u);
    expect(new Set(files.map(({ path }) => path.toLowerCase())).size).toBe(files.length);
  });

  it('says once which images it leaves out', async () => {
    const lost: number[] = [];
    const rows = [exportRow(3, { image: 'x.jpg' }, [])];
    const options = { config, onLoss: (id: number) => lost.push(id) };
    if (format === 'coco') await write('coco', rows, options);
    else await writeFolder(format, rows, options);
    expect(lost).toEqual([3]);
  });
});

describe('COCO', () => {
  it('holds polygons, turned boxes, masks and key points', async () => {
    const mask = Uint8Array.from({ length: 640 * 480 }, (_unused, i) => (i % 640 < 20 && i < 640 * 10 ? 255 : 0));
    const result = [
      box('a', 10, 10, 20, 20),
      box('b', 40, 40, 20, 10, 'WBC', 30),
      region('c', 'poly', 'polygonlabels', {
        points: [
          [1, 1],
          [9, 1],
          [9, 9],
        ],
        closed: true,
        polygonlabels: ['RBC'],
      }),
      region('d', 'brush', 'brushlabels', { format: 'rle', rle: [...encodeBrush(mask)], brushlabels: ['RBC'] }),
      region('k', 'point', 'keypointlabels', { x: 12, y: 12, width: 0.3, keypointlabels: ['ear'] }, { parentID: 'a' }),
    ];
    const text = await write('coco', [exportRow(1, { image: 'a.jpg' }, result)], { config });
    const file = JSON.parse(text);
    expect(file.images).toEqual([{ id: 1, file_name: 'a.jpg', width: 640, height: 480 }]);
    expect(file.annotations[0]).toMatchObject({
      bbox: [64, 48, 128, 96],
      area: 128 * 96,
      num_keypoints: 1,
      iscrowd: 0,
    });
    expect(file.annotations[3]).toMatchObject({ area: 200, bbox: [0, 0, 20, 10] });
    const [task] = await read('coco', text, { config });
    const plain = (regions: readonly Region[]) =>
      regions.map(({ type, value }) =>
        JSON.parse(JSON.stringify({ type, value }), (_key, v) => (typeof v === 'number' ? Number(v.toFixed(6)) : v)),
      );
    const wanted = [result[0]!, result[4]!, result[1]!, result[2]!, result[3]!];
    expect(plain(task!.annotations[0]!.result)).toEqual(plain(wanted));
    expect(task!.annotations[0]!.result[1]!.parentID).toBe(task!.annotations[0]!.result[0]!.id);
  });

  it('masks go to runs down the columns and back', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.array(fc.constantFrom(0, 255), { minLength: 9, maxLength: 60 }),
        (width, pixels) => {
          const height = Math.floor(pixels.length / width);
          const mask = Uint8Array.from(pixels.slice(0, width * height));
          const counts = maskToCounts(mask, { width, height });
          expect(maskFromCounts({ counts, size: [height, width] }, { width, height })).toEqual(mask);
        },
      ),
    );
  });

  it('reads packed masks', () => {
    // 2 x 3 pixels: runs 1, 2, 3 in pycocotools' text form.
    expect([...maskFromCounts({ counts: '123', size: [3, 2] }, { width: 2, height: 3 })]).toEqual([
      0, 0, 255, 0, 255, 0,
    ]);
  });

  it.each([
    ['[]', 'INPUT_BAD_FORMAT'],
    ['{"images":[]}', 'INPUT_EMPTY'],
    ['{"images":[{"id":1,"file_name":"a"}]}', 'INPUT_BAD_ROW'],
    [
      '{"images":[{"id":1,"file_name":"a","width":1,"height":1}],"annotations":[{"image_id":1,"category_id":9}]}',
      'INPUT_BAD_ROW',
    ],
    ['{"images":', 'INPUT_BAD_JSON'],
  ])('refuses %s with %s', async (text, code) => {
    await expect(read('coco', text)).rejects.toMatchObject({ code });
  });
});

describe('YOLO', () => {
  it('names classes in the order of the config and writes shares', async () => {
    const files = await writeFolder('yolo', [exportRow(1, { image: 'x/a.jpg' }, [box('a', 10, 20, 30, 40, 'WBC')])], {
      config,
    });
    const text = (path: string) => files.find((file) => file.path === path)!.content;
    expect(text('classes.txt')).toBe('RBC\nWBC\nPlatelets\nnose\near\n');
    expect(text('labels/a.txt')).toBe('1 0.25 0.4 0.3 0.4\n');
  });

  it('writes the corners of turned boxes, and says what became the box around it', async () => {
    const lost: string[] = [];
    const polygon = (id: string, points: number[][]) =>
      region(id, 'poly', 'polygonlabels', { points, closed: true, polygonlabels: ['RBC'] });
    const result = [
      box('a', 10, 20, 30, 40, 'WBC'),
      // 64 x 48 pixels with a corner at the centre, turned by a quarter.
      box('b', 50, 50, 10, 10, 'RBC', 90),
      polygon('c', [
        [10, 10],
        [20, 10],
        [25, 20],
        [15, 20],
      ]),
      polygon('d', [
        [10, 10],
        [20, 10],
        [20, 30],
      ]),
    ];
    const files = await writeFolder('yolo-obb', [exportRow(1, { image: 'a.jpg' }, result)], {
      config,
      onLoss: (_id, message) => lost.push(message),
    });
    expect(files.map(({ path }) => path)).toEqual(['classes.txt', 'notes.json', 'labels/a.txt']);
    expect(String(files[2]!.content).split('\n')).toEqual([
      '1 0.1 0.2 0.4 0.2 0.4 0.6 0.1 0.6',
      '0 0.5 0.5 0.5 0.633333333 0.425 0.633333333 0.425 0.5',
      '0 0.1 0.1 0.2 0.1 0.25 0.2 0.15 0.2',
      '0 0.1 0.1 0.2 0.1 0.2 0.3 0.1 0.3',
      '',
    ]);
    expect(lost).toEqual(['1 shapes became the box around them.']);
  });

  it('reads polygons, scores and images without objects', async () => {
    const tasks = await readFolder('yolo', [
      { path: 'classes.txt', content: 'RBC\n' },
      { path: 'images/b.png', content: 'x' },
      { path: 'labels/a.txt', content: '0 0.5 0.5 0.2 0.2 0.9\n0 0 0 0.1 0 0.1 0.1\n' },
      { path: 'labels/b.txt', content: '' },
    ]);
    expect(tasks.map((task) => task.data.image)).toEqual(['a.jpg', 'images/b.png']);
    expect(tasks[0]!.annotations[0]!.result.map((one) => [one.type, one.score])).toEqual([
      ['rectanglelabels', 0.9],
      ['polygonlabels', undefined],
    ]);
  });

  it.each(['7 0.5 0.5 0.1 0.1', '0 0.5 x 0.1 0.1', '0 0.5'])('refuses "%s" and names the line', async (line) => {
    const files = [
      { path: 'classes.txt', content: 'RBC\n' },
      { path: 'labels/a.txt', content: `0 0.5 0.5 0.1 0.1\n${line}\n` },
    ];
    await expect(readFolder('yolo', files)).rejects.toMatchObject({ code: 'INPUT_BAD_ROW', details: { line: 2 } });
  });
});

describe('Pascal VOC', () => {
  it('refuses a DTD, as every XML of ours', async () => {
    const bomb = '<!DOCTYPE a [<!ENTITY b "bbbb">]><annotation>&b;</annotation>';
    await expect(readFolder('voc', [{ path: 'a.xml', content: bomb }])).rejects.toMatchObject({
      code: 'INPUT_BAD_ROW',
    });
  });

  it('says when shapes became boxes', async () => {
    const lost: string[] = [];
    await writeFolder('voc', [exportRow(1, { image: 'a.jpg' }, [box('a', 40, 40, 9, 9, 'RBC', 45)])], {
      config,
      onLoss: (_id, message) => lost.push(message),
    });
    expect(lost).toEqual(['1 shapes that are no upright boxes became the box around them.']);
  });
});

describe('brush masks', () => {
  const mask = Uint8Array.of(0, 255, 255, 0, 0, 255);
  const brush = {
    ...region('d', 'brush', 'brushlabels', { format: 'rle', rle: [...encodeBrush(mask)], brushlabels: ['../RBC'] }),
    original_width: 3,
    original_height: 2,
  } as Region;

  it('become PNG and NumPy files named like those of Label Studio', async () => {
    const [png] = await writeFolder('brush-png', [exportRow(4, { image: 'a' }, [brush])]);
    expect(png!.path).toBe('task-4-annotation-4-by-1-brush-.._RBC.png');
    expect(decode(png!.content as Uint8Array)).toMatchObject({ width: 3, height: 2, channels: 1, data: mask });
    const [npy] = await writeFolder('brush-numpy', [exportRow(4, { image: 'a' }, [brush])]);
    const bytes = Buffer.from(npy!.content);
    expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x93NUMPY\x01\x00');
    expect((10 + bytes.readUInt16LE(8)) % 64).toBe(0);
    expect(bytes.toString('latin1')).toContain("'shape': (2, 3)");
    expect(Uint8Array.from(bytes.subarray(-6))).toEqual(mask);
  });

  it('that are damaged are named and left out', async () => {
    const lost: string[] = [];
    const bad = { ...brush, value: { ...(brush.value as object), rle: [1, 2] } } as Region;
    const files = await writeFolder('brush-png', [exportRow(4, { image: 'a' }, [bad, brush])], {
      onLoss: (_id, message) => lost.push(message),
    });
    expect(files).toHaveLength(1);
    expect(lost).toHaveLength(1);
  });
});

describe('file names', () => {
  it('are safe, whatever the task says', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...'ab/\\.:~?# \0é😀-_')).map((chars) => chars.join('')),
        (path) => {
          expect(safeStem(path)).toMatch(/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u);
        },
      ),
    );
  });

  it('are each given once', () => {
    const nameOf = uniqueNames();
    expect([nameOf('a', 1), nameOf('A', 2), nameOf('a', 2), nameOf('a-2', 2)]).toEqual(['a', 'A-2', 'a-2-1', 'a-2-2']);
  });

  it('of imported rows keep the row', async () => {
    const [task] = await roundTrip('voc', [exportRow(1, { image: 'x.jpg' }, [box('a', 1, 2, 3, 4)])]);
    expect(rowOf(task!, 1).annotations[0]!.result).toHaveLength(1);
  });
});
