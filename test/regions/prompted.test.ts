/** Clicks and boxes on a picture: which region they mean. */
import { describe, expect, it } from 'vitest';
import { encodeBrush } from '../../src/labelconfig/index.ts';
import { promptedRegion, promptOf } from '../../src/regions/index.ts';

const size = { width: 200, height: 100 };
const box = (id: string, x: number, y: number, width: number, height: number) => ({
  id,
  value: { x, y, width, height, rotation: 0 },
});
const click = (x: number, y: number, is_positive = true) => ({ value: { x, y, width: 0.3 }, is_positive });
const meant = (regions: Parameters<typeof promptedRegion>[0], ...drawn: Parameters<typeof promptOf>[0][number][]) => {
  const prompt = promptOf(drawn, size);
  return prompt && (promptedRegion(regions, prompt, size)?.id ?? 'none');
};

describe('what somebody means', () => {
  const boxes = [box('car', 0, 0, 60, 60), box('wheel', 10, 40, 20, 20), box('tree', 70, 0, 20, 90)];

  it('by a click: the smallest thing under it', () => {
    expect(meant(boxes, click(20, 50))).toBe('wheel');
    expect(meant(boxes, click(5, 5))).toBe('car');
    expect(meant(boxes, click(99, 99))).toBe('none');
  });

  it('by several clicks: what holds all of them and none of those beside it', () => {
    expect(meant(boxes, click(20, 50), click(50, 10))).toBe('car');
    expect(meant(boxes, click(20, 50), click(20, 45, false))).toBe('none');
    expect(meant(boxes, click(5, 5), click(20, 50, false))).toBe('none');
  });

  it('by a box: what fills it best, if anything does', () => {
    expect(meant(boxes, box('drawn', 68, 0, 25, 95))).toBe('tree');
    expect(meant(boxes, box('drawn', 12, 38, 20, 20))).toBe('wheel');
    expect(meant(boxes, box('drawn', 62, 0, 6, 6))).toBe('none');
  });

  it('by nothing that a picture can be asked about: nothing', () => {
    expect(meant(boxes, click(5, 5, false))).toBeNull();
    expect(meant(boxes, { value: { choices: ['a'] } }, { value: null })).toBeNull();
  });

  it('among masks, polygons and ellipses', () => {
    const mask = new Uint8Array(size.width * size.height);
    for (let y = 10; y < 50; y++) mask.fill(255, y * size.width + 20, y * size.width + 60);
    const shapes = [
      { id: 'mask', value: { format: 'rle', rle: [...encodeBrush(mask)] } },
      {
        id: 'polygon',
        value: {
          points: [
            [50, 0],
            [100, 0],
            [100, 100],
          ],
        },
      },
      { id: 'ellipse', value: { x: 20, y: 80, radiusX: 10, radiusY: 10 } },
    ];
    expect(meant(shapes, click(20, 30))).toBe('mask');
    expect(meant(shapes, click(90, 20))).toBe('polygon');
    expect(meant(shapes, click(60, 90))).toBe('none');
    expect(meant(shapes, click(26, 82))).toBe('ellipse');
    expect(meant(shapes, click(29, 89))).toBe('none');
    expect(meant(shapes, box('drawn', 9, 8, 22, 44))).toBe('mask');
  });
});
