/** COCO's mask code: lengths of runs down the columns, beginning with those of 0; plain or packed into text. */
import type { Size } from '../core/geometry.ts';
import type { JsonObject } from '../core/json.ts';
import { RowFault } from './rows.ts';

/** Row-major mask to plain counts. */
export function maskToCounts(mask: Uint8Array, { width, height }: Size): number[] {
  const counts: number[] = [];
  let inside = false;
  let run = 0;
  for (let x = 0; x < width; x++) {
    for (let y = 0; y < height; y++) {
      if ((mask[y * width + x] !== 0) === inside) run += 1;
      else {
        counts.push(run);
        inside = !inside;
        run = 1;
      }
    }
  }
  counts.push(run);
  return counts;
}

/** `{counts, size: [height, width]}` to a row-major mask of 0 and 255. Throws RowFault. */
export function maskFromCounts({ counts, size }: JsonObject, { width, height }: Size): Uint8Array {
  if (!Array.isArray(size) || size[0] !== height || size[1] !== width) {
    throw new RowFault(`has a mask of the size ${JSON.stringify(size)}, the image has ${height} x ${width}`);
  }
  const runs = typeof counts === 'string' ? unpack(counts) : Array.isArray(counts) ? counts.map(Number) : [];
  const total = runs.reduce((sum, run) => sum + (run >= 0 ? run : Number.NaN), 0);
  if (total !== width * height) throw new RowFault(`has a mask of ${total} pixels, the image has ${width * height}`);
  const mask = new Uint8Array(width * height);
  let at = 0;
  runs.forEach((run, i) => {
    for (const end = at + run; at < end; at++) {
      if (i % 2 === 1) mask[(at % height) * width + Math.floor(at / height)] = 255;
    }
  });
  return mask;
}

/** The packed form: 5 bits per character above '0', bit 6 says that more follow, values from the third on are differences. */
function unpack(text: string): number[] {
  const runs: number[] = [];
  for (let at = 0; at < text.length; ) {
    let value = 0;
    let shift = 0;
    let code: number;
    do {
      code = text.charCodeAt(at++) - 48;
      value |= (code & 0x1f) << shift;
      shift += 5;
    } while ((code & 0x20) !== 0 && at < text.length);
    if ((code & 0x10) !== 0) value |= -1 << shift;
    runs.push(runs.length > 2 ? value + runs.at(-2)! : value);
  }
  return runs;
}
