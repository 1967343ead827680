/** Which part of the map is in sight, and which points an area holds: pure, so that it can be tested without a browser. */

export interface View {
  /** Middle of what is in sight, in units of the map. */
  readonly x: number;
  readonly y: number;
  /** Pixels per unit. */
  readonly scale: number;
}

export interface Extent {
  readonly width: number;
  readonly height: number;
}

export type Corner = readonly [x: number, y: number];

/** Share of the canvas that a whole map fills. */
const FILLED = 0.94;
const ZOOM_MAX = 200;
/** Corners an area keeps: more than a hand draws, and few enough for an address. */
const CORNERS_MAX = 120;
/** Corners nearer together than this are one, in pixels. */
const CORNER_GAP = 5;

export function wholeMap(xy: Float32Array, { width, height }: Extent): View {
  let [left, right, top, bottom] = [Infinity, -Infinity, Infinity, -Infinity];
  for (let i = 0; i < xy.length; i += 2) {
    left = Math.min(left, xy[i]!);
    right = Math.max(right, xy[i]!);
    top = Math.min(top, xy[i + 1]!);
    bottom = Math.max(bottom, xy[i + 1]!);
  }
  if (left > right) return { x: 0, y: 0, scale: 1 };
  const fit = Math.min(width / Math.max(1e-6, right - left), height / Math.max(1e-6, bottom - top));
  return { x: (left + right) / 2, y: (top + bottom) / 2, scale: FILLED * fit };
}

/** Keeps the place under the pointer where it is. */
export function zoomed(view: View, factor: number, at: Corner, extent: Extent, whole: View): View {
  const scale = Math.min(whole.scale * ZOOM_MAX, Math.max(whole.scale / 2, view.scale * factor));
  const [x, y] = toMap(view, at, extent);
  return {
    x: x - (at[0] - extent.width / 2) / scale,
    y: y - (at[1] - extent.height / 2) / scale,
    scale,
  };
}

export function moved(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x - dx / view.scale, y: view.y - dy / view.scale };
}

export function toMap(view: View, [px, py]: Corner, { width, height }: Extent): Corner {
  return [view.x + (px - width / 2) / view.scale, view.y + (py - height / 2) / view.scale];
}

export function toScreen(view: View, [x, y]: Corner, { width, height }: Extent): Corner {
  return [(x - view.x) * view.scale + width / 2, (y - view.y) * view.scale + height / 2];
}

/** The drawn line with the corners it needs, in units of the map, as the server reads them. Null for less than an area. */
export function areaOf(line: readonly Corner[], view: View, extent: Extent): Corner[] | null {
  const kept: Corner[] = [];
  for (const corner of line) {
    const last = kept.at(-1);
    if (last === undefined || Math.hypot(corner[0] - last[0], corner[1] - last[1]) >= CORNER_GAP) kept.push(corner);
  }
  if (kept.length < 3) return null;
  const every = Math.ceil(kept.length / CORNERS_MAX);
  return kept
    .filter((_, i) => i % every === 0)
    .map((corner) => toMap(view, corner, extent))
    .map(([x, y]) => [rounded(x), rounded(y)]);
}

export function areaText(area: readonly Corner[]): string {
  return area.map(([x, y]) => `${x},${y}`).join(' ');
}

function rounded(value: number): number {
  return Math.round(value * 1_000) / 1_000;
}

/** Places of the points in an area, even-odd where its line crosses itself, as the server counts them. */
export function pointsInside(xy: Float32Array, area: readonly Corner[]): number[] {
  const inside: number[] = [];
  const [left, right] = [Math.min(...area.map(([x]) => x)), Math.max(...area.map(([x]) => x))];
  const [top, bottom] = [Math.min(...area.map(([, y]) => y)), Math.max(...area.map(([, y]) => y))];
  for (let i = 0; i < xy.length / 2; i++) {
    const [x, y] = [xy[2 * i]!, xy[2 * i + 1]!];
    if (x >= left && x <= right && y >= top && y <= bottom && holds(area, x, y)) inside.push(i);
  }
  return inside;
}

function holds(area: readonly Corner[], x: number, y: number): boolean {
  let inside = false;
  let [fromX, fromY] = area.at(-1)!;
  for (const [toX, toY] of area) {
    if (toY > y !== fromY > y && x < ((fromX - toX) * (y - toY)) / (fromY - toY) + toX) inside = !inside;
    [fromX, fromY] = [toX, toY];
  }
  return inside;
}

/** The point nearest to a pixel, within so many pixels; null when none is. */
export function nearestPoint(xy: Float32Array, view: View, at: Corner, extent: Extent, within: number): number | null {
  const [x, y] = toMap(view, at, extent);
  let best: number | null = null;
  let least = (within / view.scale) ** 2;
  for (let i = 0; i < xy.length; i += 2) {
    const [dx, dy] = [xy[i]! - x, xy[i + 1]! - y];
    const square = dx * dx + dy * dy;
    if (square > least) continue;
    least = square;
    best = i / 2;
  }
  return best;
}
