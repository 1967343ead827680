/** Masks of segmentation models -> brush regions, or polygons around them. */
import type { Region } from '../core/domain.ts';
import { pointsToPercent, type Size } from '../core/geometry.ts';
import type { JsonObject } from '../core/json.ts';
import { encodeBrush } from '../labelconfig/index.ts';
import { type BoundTask, boundLabel, boundRegion, type RegionBinding } from './binding.ts';
import { imageFields, share, sizeOf } from './boxes.ts';
import { outlines } from './outline.ts';
import { type ItemOutputs, recordsOf } from './outputs.ts';

interface Mask {
  readonly label: number;
  readonly score: number;
  /** (grid height x grid width), 255 where it is set. */
  readonly cells: Uint8Array;
}

/** Pieces below this share of the grid are specks, not things. */
const PIECE_SHARE_MIN = 0.0005;
/** Cells of the grid by which an outline may be off: steps of a cell are the grid's, not the thing's. */
const TOLERANCE_CELLS = 0.75;

/**
 * `masks`: runs `object score label start length` of set cells of a grid over the whole picture, row by row; `grid`: its
 * width and height; `size`: the picture's. One brush region an object, or one polygon for each of its pieces.
 */
export function maskRegions(binding: RegionBinding, task: BoundTask, outputs: ItemOutputs): Region[] {
  const size = sizeOf(outputs);
  const [gridWidth = 0, gridHeight = 0] = outputs.grid?.data ?? [];
  if (size === null || gridWidth === 0) return [];
  const grid = { width: gridWidth, height: gridHeight };
  const isBrush = binding.control.type.startsWith('brush');
  return masksOf(outputs, grid).flatMap(({ label, score, cells }) => {
    const labels = boundLabel(binding, label, score);
    if (labels === null) return [];
    const values = isBrush ? [brushValue(cells, grid, size)] : polygonValues(cells, grid);
    const more = imageFields(size);
    return values.map((value) => boundRegion(binding, task, { value, labels, score: share(score), more }));
  });
}

function masksOf(outputs: ItemOutputs, grid: Size): Mask[] {
  const masks = new Map<number, Mask>();
  for (const { object, score, label, start, length } of recordsOf(outputs.masks)) {
    const known = masks.get(object!);
    const mask = known ?? { label: label!, score: score!, cells: new Uint8Array(grid.width * grid.height) };
    if (!known) masks.set(object!, mask);
    mask.cells.fill(255, start, start! + length!);
  }
  return [...masks.values()];
}

/** Label Studio's masks have the size of the picture: each pixel takes the cell it lies in. */
function brushValue(cells: Uint8Array, grid: Size, { width, height }: Size): JsonObject {
  const mask = new Uint8Array(width * height);
  const columns = Uint32Array.from({ length: width }, (_, x) => Math.floor((x * grid.width) / width));
  for (let y = 0; y < height; y++) {
    const row = Math.floor((y * grid.height) / height) * grid.width;
    for (let x = 0; x < width; x++) mask[y * width + x] = cells[row + columns[x]!]!;
  }
  return { format: 'rle', rle: [...encodeBrush(mask)] };
}

function polygonValues(cells: Uint8Array, grid: Size): JsonObject[] {
  const pixelsMin = Math.max(1, PIECE_SHARE_MIN * cells.length);
  const lines = outlines(cells, grid, { pixelsMin, tolerance: TOLERANCE_CELLS }).filter((points) => points.length >= 3);
  return lines.map((points) => ({ points: pointsToPercent(points, grid).map((point) => [...point]), closed: true }));
}
