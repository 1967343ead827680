/** What a graph says of one frame -> records in shares of the picture: boxes, key points, masks. */
import { AppError } from '../core/errors.ts';
import { type Box, decodeCorners, decodeYolov8, decodeYolox, suppressCopies } from './boxes.ts';
import type { Frame, ImageSize } from './image-decode.ts';

/** Output of the graph by name, for this frame. */
export type GraphOutput = (name: string) => Float32Array;

export type DetectorOptions =
  | (DetectorBase & { readonly head: 'yolox' | 'yolov8'; readonly output: string; readonly labelCount: number })
  /** Finished boxes: rows `x1 y1 x2 y2 score label` (CenterNet), or in separate outputs with `y1 x1 y2 x2` (SSD). */
  | (DetectorBase & {
      readonly head: 'corners';
      readonly output: string;
      readonly order: 'xyxy' | 'yxyx';
      /** Of the corners: pixels of the frame, or shares of it. */
      readonly unit: 'pixels' | 'shares';
      readonly scores?: string;
      readonly classes?: string;
    });

interface DetectorBase {
  readonly scoreMin: number;
  readonly iouMax: number;
}

/** Rows of a key point each, in the order of the labels. */
export interface PointOptions {
  readonly output: string;
  readonly order: 'xys' | 'yxs';
  readonly unit: 'pixels' | 'shares';
  readonly scoreMin: number;
}

/** Chances or logits per cell of a grid over the frame. */
export interface MaskOptions {
  readonly output: string;
  readonly width: number;
  readonly height: number;
  /** (classes x height x width) or (height x width x classes). */
  readonly layout: 'planes' | 'pixels';
  readonly labelCount: number;
  /** `sigmoid`: each class by itself, set from one half on. `softmax`: one class per cell. `none`: they are chances of their own. */
  readonly activation: 'none' | 'sigmoid' | 'softmax';
  /** Class that stands for nothing. */
  readonly background?: number;
}

/** Corner and size as shares of the upright picture, score, label. */
export const BOX_FIELDS = ['x', 'y', 'width', 'height', 'score', 'label'] as const;
export const POINT_FIELDS = ['x', 'y', 'score', 'label'] as const;
/** Runs of set cells, row by row, of the grid over the picture whose size is the output `grid`. */
export const MASK_FIELDS = ['object', 'score', 'label', 'start', 'length'] as const;

/** From here on a cell belongs to a thing. */
const CELL_MIN = 0.5;

export function readBoxes(options: DetectorOptions, frame: Frame, size: ImageSize, output: GraphOutput): number[] {
  const boxes = suppressCopies(boxesOf(options, size, output), options.iouMax);
  return boxes.flatMap((box) => {
    const [left, top] = toPicture(frame, box.left, box.top);
    const [right, bottom] = toPicture(frame, box.right, box.bottom);
    return [left, top, right - left, bottom - top, box.score, box.label];
  });
}

function boxesOf(options: DetectorOptions, size: ImageSize, output: GraphOutput): Box[] {
  const raw = output(options.output);
  const { scoreMin } = options;
  if (options.head === 'corners') {
    const { scores, classes, order, unit } = options;
    const apart = scores && classes ? { scores: output(scores), classes: output(classes) } : null;
    return decodeCorners(raw, apart, { order, scale: unit === 'shares' ? size : { width: 1, height: 1 }, scoreMin });
  }
  if (options.head === 'yolox') return decodeYolox(raw, size, options.labelCount, scoreMin);
  return decodeYolov8(raw, options.labelCount, scoreMin);
}

export function readPoints(options: PointOptions, frame: Frame, size: ImageSize, output: GraphOutput): number[] {
  const raw = output(options.output);
  const scale = options.unit === 'shares' ? size : { width: 1, height: 1 };
  const points: number[] = [];
  for (let p = 0; 3 * p < raw.length; p++) {
    const [first, second, score] = [raw[3 * p]!, raw[3 * p + 1]!, raw[3 * p + 2]!];
    if (score < options.scoreMin) continue;
    const [x, y] = options.order === 'xys' ? [first, second] : [second, first];
    points.push(...toPicture(frame, x * scale.width, y * scale.height), score, p);
  }
  return points;
}

/** The masks and the size of their grid: the part of the graph's that lies on the picture. */
export function readMasks(
  options: MaskOptions,
  frame: Frame,
  size: ImageSize,
  output: GraphOutput,
): { records: number[]; grid: ImageSize } {
  const cells = cellsOf(options, output(options.output));
  const inside = gridOnPicture(options, frame, size);
  const records: number[] = [];
  let object = 0;
  for (let label = 0; label < options.labelCount; label++) {
    if (label === options.background) continue;
    const { runs, score } = runsOf(cells, label, options, inside);
    for (const [start, length] of runs) records.push(object, score, label, start, length);
    if (runs.length > 0) object++;
  }
  return { records, grid: { width: inside.width, height: inside.height } };
}

/** Chance of a class in a cell. */
type Cells = (label: number, cell: number) => number;

function cellsOf({ layout, labelCount, width, height, activation, output }: MaskOptions, raw: Float32Array): Cells {
  const count = width * height;
  if (raw.length !== count * labelCount) {
    const message = `Output '${output}' has ${raw.length} numbers, a mask of ${labelCount} x ${height} x ${width} has ${count * labelCount}.`;
    throw new AppError('BACKEND_BAD_OUTPUT', message, { details: { output } });
  }
  const at: Cells = (label, cell) => raw[layout === 'planes' ? label * count + cell : cell * labelCount + label]!;
  if (activation === 'none') return at;
  if (activation === 'sigmoid') return (label, cell) => 1 / (1 + Math.exp(-at(label, cell)));
  return likeliestOf(at, labelCount, count);
}

/** Softmax, worked out once per cell: asked anew for each class it would cost the square of their number. */
function likeliestOf(at: Cells, labelCount: number, count: number): Cells {
  const winners = new Int32Array(count);
  const chances = new Float64Array(count);
  for (let cell = 0; cell < count; cell++) {
    let most = Number.NEGATIVE_INFINITY;
    let best = -1;
    for (let c = 0; c < labelCount; c++) {
      const value = at(c, cell);
      if (value > most) {
        most = value;
        best = c;
      }
    }
    let sum = 0;
    for (let c = 0; c < labelCount; c++) sum += Math.exp(at(c, cell) - most);
    winners[cell] = best;
    // The most likely class takes the cell, be it ever so unsure.
    chances[cell] = Math.max(CELL_MIN, 1 / sum);
  }
  return (label, cell) => (winners[cell] === label ? chances[cell]! : 0);
}

interface Inside extends ImageSize {
  readonly left: number;
  readonly top: number;
}

function gridOnPicture({ width, height }: MaskOptions, { source, scale, cut }: Frame, size: ImageSize): Inside {
  const [sx, sy] = [width / size.width, height / size.height];
  const left = Math.max(0, Math.floor(-cut.x * sx));
  const top = Math.max(0, Math.floor(-cut.y * sy));
  return {
    left,
    top,
    width: Math.min(width - left, Math.max(1, Math.round(source.width * scale.x * sx))),
    height: Math.min(height - top, Math.max(1, Math.round(source.height * scale.y * sy))),
  };
}

function runsOf(
  cells: Cells,
  label: number,
  { width }: MaskOptions,
  { left, top, width: columns, height: rows }: Inside,
): { runs: [start: number, length: number][]; score: number } {
  const runs: [number, number][] = [];
  let [sum, count] = [0, 0];
  for (let i = 0; i < columns * rows; i++) {
    const chance = cells(label, (top + Math.floor(i / columns)) * width + left + (i % columns));
    if (chance < CELL_MIN) continue;
    sum += chance;
    count++;
    const last = runs.at(-1);
    if (last && last[0] + last[1] === i) last[1]++;
    else runs.push([i, 1]);
  }
  return { runs, score: count === 0 ? 0 : sum / count };
}

/** A place in the frame as shares of the picture, cut at its edges. */
function toPicture({ source, scale, cut }: Frame, x: number, y: number): [x: number, y: number] {
  const share = (value: number): number => Math.min(1, Math.max(0, value));
  return [share((x + cut.x) / scale.x / source.width), share((y + cut.y) / scale.y / source.height)];
}
