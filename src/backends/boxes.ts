/** Raw answers of object detectors -> boxes: grid decoding and the suppression of near copies. */

/** Corners in pixels of the model's frame. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** 0..1. */
  readonly score: number;
  readonly label: number;
}

/**
 * YOLOX head (Ge et al., 2021): per cell of the strides 8, 16 and 32 `dx dy log(w) log(h) objectness class...`.
 * `raw` is (cells x (5 + labels)); boxes below `scoreMin` are left out.
 */
export function decodeYolox(
  raw: Float32Array,
  frame: { readonly width: number; readonly height: number },
  labelCount: number,
  scoreMin: number,
): Box[] {
  const width = 5 + labelCount;
  const boxes: Box[] = [];
  let row = 0;
  for (const stride of [8, 16, 32]) {
    const columns = frame.width / stride;
    const cells = columns * (frame.height / stride);
    for (let cell = 0; cell < cells; cell++, row += width) {
      const objectness = raw[row + 4]!;
      if (objectness < scoreMin) continue;
      const label = argMax(raw, row + 5, labelCount);
      const score = objectness * raw[row + 5 + label]!;
      if (score < scoreMin) continue;
      const x = (raw[row]! + (cell % columns)) * stride;
      const y = (raw[row + 1]! + Math.floor(cell / columns)) * stride;
      const halfWidth = (Math.exp(raw[row + 2]!) * stride) / 2;
      const halfHeight = (Math.exp(raw[row + 3]!) * stride) / 2;
      boxes.push({
        left: x - halfWidth,
        top: y - halfHeight,
        right: x + halfWidth,
        bottom: y + halfHeight,
        score,
        label,
      });
    }
  }
  return boxes;
}

/**
 * YOLOv8 head: `raw` is ((4 + labels) x cells), rows `cx cy w h class...`, in frame pixels and with no objectness.
 */
export function decodeYolov8(raw: Float32Array, labelCount: number, scoreMin: number): Box[] {
  const cells = raw.length / (4 + labelCount);
  const boxes: Box[] = [];
  for (let cell = 0; cell < cells; cell++) {
    let label = 0;
    for (let c = 1; c < labelCount; c++) if (raw[(4 + c) * cells + cell]! > raw[(4 + label) * cells + cell]!) label = c;
    const score = raw[(4 + label) * cells + cell]!;
    if (score < scoreMin) continue;
    const [x, y, w, h] = [0, 1, 2, 3].map((r) => raw[r * cells + cell]!) as [number, number, number, number];
    boxes.push({ left: x - w / 2, top: y - h / 2, right: x + w / 2, bottom: y + h / 2, score, label });
  }
  return boxes;
}

/**
 * Boxes that the graph has finished: rows `corner corner score label`, or corners alone with scores and labels apart.
 * `scale` brings the corners to pixels of the frame.
 */
export function decodeCorners(
  raw: Float32Array,
  apart: { readonly scores: Float32Array; readonly classes: Float32Array } | null,
  options: { order: 'xyxy' | 'yxyx'; scale: { width: number; height: number }; scoreMin: number },
): Box[] {
  const { order, scale, scoreMin } = options;
  const width = apart ? 4 : 6;
  const boxes: Box[] = [];
  for (let row = 0; (row + 1) * width <= raw.length; row++) {
    const at = row * width;
    const score = apart ? apart.scores[row]! : raw[at + 4]!;
    if (!(score >= scoreMin)) continue;
    const [a, b, c, d] = [raw[at]!, raw[at + 1]!, raw[at + 2]!, raw[at + 3]!];
    const [left, top, right, bottom] = order === 'xyxy' ? [a, b, c, d] : [b, a, d, c];
    boxes.push({
      left: left * scale.width,
      top: top * scale.height,
      right: right * scale.width,
      bottom: bottom * scale.height,
      score,
      label: Math.round(apart ? apart.classes[row]! : raw[at + 5]!),
    });
  }
  return boxes;
}

/** A picture with more things than this is one that nobody labels box by box; detectors stop at 100 to 300. */
const BOXES_MAX = 1_000;
/** Boxes looked at, best first: those of the finest grids in use. A model that is sure of every cell costs the square of it. */
const CANDIDATES_MAX = 10_000;

/**
 * Greedy non-maximum suppression per label: of boxes that overlap by more than `iouMax`, the best stays; no more than a
 * thousand do.
 */
export function suppressCopies(boxes: readonly Box[], iouMax: number): Box[] {
  const sorted = [...boxes].sort((a, b) => b.score - a.score).slice(0, CANDIDATES_MAX);
  const kept: Box[] = [];
  for (const box of sorted) {
    if (kept.length === BOXES_MAX) break;
    if (kept.every((one) => one.label !== box.label || overlap(one, box) <= iouMax)) kept.push(box);
  }
  return kept;
}

/** Intersection over union, 0..1; 0 for boxes without area. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  const both = area(a) + area(b) - width * height;
  return both > 0 ? (width * height) / both : 0;
}

function area(box: Box): number {
  return (box.right - box.left) * (box.bottom - box.top);
}

function argMax(values: Float32Array, from: number, count: number): number {
  let best = 0;
  for (let i = 1; i < count; i++) if (values[from + i]! > values[from + best]!) best = i;
  return best;
}
