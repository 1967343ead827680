/** The map to look at and to choose on: drag a line around points, or move a frame by keys; wheel, pinch and keys zoom. */
import { type KeyboardEvent, type PointerEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import type { MapData } from './api.ts';
import type { Groups } from './colours.ts';
import { paint, radiusOf } from './paint.ts';
import {
  areaOf,
  type Corner,
  type Extent,
  moved,
  nearestPoint,
  toScreen,
  type View,
  wholeMap,
  zoomed,
} from './view.ts';

export type Hand = 'choose' | 'move';

interface CanvasProps {
  readonly map: MapData;
  readonly groups: Groups;
  readonly hand: Hand;
  readonly area: readonly Corner[] | null;
  readonly chosen: Uint8Array | null;
  readonly onArea: (area: Corner[] | null) => void;
  /** A point under the pointer, by place in the columns. */
  readonly onPoint: (at: number | null) => void;
}

/** How near a pointer has to come, in pixels. */
const REACH = 10;
const WHEEL_STEP = 0.0015;
const KEY_ZOOM = 1.4;
/** A key moves the frame by so much of the canvas. */
const KEY_STEP = 0.04;
const FRAME = { x: 0.35, y: 0.35, width: 0.3, height: 0.3 };

export function MapCanvas({ map, groups, hand, area, chosen, onArea, onPoint }: CanvasProps): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null);
  const extent = useExtent(canvas);
  const [seen, setSeen] = useState<View | null>(null);
  const [line, setLine] = useState<readonly Corner[]>([]);
  const [frame, setFrame] = useState<typeof FRAME | null>(null);
  const pointers = useRef(new Map<number, Corner>());
  const whole = useMemo(() => wholeMap(map.xy, extent), [map, extent]);
  const view = seen ?? whole;
  usePainting(canvas, { map, groups, chosen, view, whole, extent });

  const zoom = (factor: number, at: Corner): void => setSeen(zoomed(view, factor, at, extent, whole));
  const middle: Corner = [extent.width / 2, extent.height / 2];
  useWheel(canvas, (event) => {
    if (!event.ctrlKey && !event.metaKey && document.activeElement !== canvas.current) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * WHEEL_STEP), placeOf(event, canvas.current!));
  });

  const down = (event: PointerEvent<HTMLCanvasElement>): void => {
    event.currentTarget.setPointerCapture(event.pointerId);
    const at = placeOf(event, event.currentTarget);
    pointers.current.set(event.pointerId, at);
    setFrame(null);
    setLine(pointers.current.size === 1 && hand === 'choose' ? [at] : []);
  };
  const move = (event: PointerEvent<HTMLCanvasElement>): void => {
    const at = placeOf(event, event.currentTarget);
    const before = pointers.current.get(event.pointerId);
    if (before === undefined) {
      onPoint(nearestPoint(map.xy, view, at, extent, REACH));
      return;
    }
    const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
    pointers.current.set(event.pointerId, at);
    if (other !== undefined) {
      const apart = (one: Corner): number => Math.max(1, Math.hypot(one[0] - other[0], one[1] - other[1]));
      zoom(apart(at) / apart(before), [(at[0] + other[0]) / 2, (at[1] + other[1]) / 2]);
    } else if (hand === 'move') setSeen(moved(view, at[0] - before[0], at[1] - before[1]));
    else setLine([...line, at]);
  };
  const up = (event: PointerEvent<HTMLCanvasElement>): void => {
    pointers.current.delete(event.pointerId);
    if (line.length === 0) return;
    const drawn = areaOf(line, view, extent);
    setLine([]);
    // A touch or click on a point says which; one beside all points lets go of what was chosen.
    const point = nearestPoint(map.xy, view, line.at(-1)!, extent, REACH);
    if (drawn === null) onPoint(point);
    if (drawn !== null || point === null) onArea(drawn);
  };
  const press = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = STEPS[event.key];
    if (step !== undefined) setFrame(stepped(frame, step, event.shiftKey));
    else if (event.key === '+' || event.key === '=') zoom(KEY_ZOOM, middle);
    else if (event.key === '-') zoom(1 / KEY_ZOOM, middle);
    else if (event.key === '0') setSeen(null);
    else if (event.key === 'Enter' && frame !== null) onArea(areaOf(cornersOf(frame, extent), view, extent));
    else if (event.key === 'Escape') {
      setFrame(null);
      onArea(null);
    } else return;
    event.preventDefault();
  };
  const outline = frame === null ? line : cornersOf(frame, extent);
  const around = area === null ? [] : area.map((corner) => toScreen(view, corner, extent));
  return (
    <div className="map-place">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: keys and pointers do what the label says */}
      <canvas
        ref={canvas}
        className={`map-canvas ${hand}`}
        role="application"
        aria-label="Map of the items. Arrows move a frame, with shift they stretch it, Enter chooses what it holds; plus, minus and zero zoom."
        tabIndex={0}
        onPointerDown={down}
        onPointerMove={move}
        onPointerUp={up}
        onPointerCancel={up}
        onPointerLeave={() => onPoint(null)}
        onKeyDown={press}
      />
      <svg className="map-lines" aria-hidden="true">
        {[around, outline].map((corners, i) => (
          <polygon key={i === 0 ? 'area' : 'line'} points={corners.map(([x, y]) => `${x},${y}`).join(' ')} />
        ))}
      </svg>
      <div className="map-zoom">
        <button type="button" className="small" aria-label="Closer" onClick={() => zoom(KEY_ZOOM, middle)}>
          +
        </button>
        <button type="button" className="small" aria-label="Farther" onClick={() => zoom(1 / KEY_ZOOM, middle)}>
          −
        </button>
        <button type="button" className="small" onClick={() => setSeen(null)}>
          All
        </button>
      </div>
    </div>
  );
}

const STEPS: Readonly<Record<string, Corner>> = {
  ArrowLeft: [-KEY_STEP, 0],
  ArrowRight: [KEY_STEP, 0],
  ArrowUp: [0, -KEY_STEP],
  ArrowDown: [0, KEY_STEP],
};

/** The first key shows the frame; a key with shift stretches it. */
function stepped(frame: typeof FRAME | null, [dx, dy]: Corner, stretch: boolean): typeof FRAME {
  if (frame === null) return FRAME;
  if (!stretch) return { ...frame, x: frame.x + dx, y: frame.y + dy };
  const least = KEY_STEP;
  return { ...frame, width: Math.max(least, frame.width + dx), height: Math.max(least, frame.height + dy) };
}

function cornersOf({ x, y, width, height }: typeof FRAME, extent: Extent): Corner[] {
  const [left, right] = [x * extent.width, (x + width) * extent.width];
  const [top, bottom] = [y * extent.height, (y + height) * extent.height];
  return [
    [left, top],
    [right, top],
    [right, bottom],
    [left, bottom],
  ];
}

function placeOf(event: { clientX: number; clientY: number }, element: Element): Corner {
  const { left, top } = element.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

/** Size of the canvas in CSS pixels. */
function useExtent(canvas: React.RefObject<HTMLCanvasElement | null>): Extent {
  const [extent, setExtent] = useState<Extent>({ width: 1, height: 1 });
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const measure = (): void => setExtent({ width: element.clientWidth, height: element.clientHeight });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [canvas]);
  return extent;
}

/** React listens to wheels passively; only a listener of one's own may keep the page from scrolling. */
function useWheel(canvas: React.RefObject<HTMLCanvasElement | null>, turn: (event: WheelEvent) => void): void {
  const latest = useRef(turn);
  latest.current = turn;
  useEffect(() => {
    const element = canvas.current;
    if (element === null) return;
    const onWheel = (event: WheelEvent): void => latest.current(event);
    element.addEventListener('wheel', onWheel, { passive: false });
    return () => element.removeEventListener('wheel', onWheel);
  }, [canvas]);
}

interface Painting {
  readonly map: MapData;
  readonly groups: Groups;
  readonly chosen: Uint8Array | null;
  readonly view: View;
  readonly whole: View;
  readonly extent: Extent;
}

/** At most once per frame of the screen, whatever moved in between. */
function usePainting(
  canvas: React.RefObject<HTMLCanvasElement | null>,
  { map, groups, chosen, view, whole, extent }: Painting,
): void {
  const pixels = useRef<ImageData | null>(null);
  useEffect(() => {
    const frame = requestAnimationFrame(() => {
      const context = canvas.current?.getContext('2d', { willReadFrequently: true });
      if (!context) return;
      const ratio = window.devicePixelRatio || 1;
      const [width, height] = [Math.round(extent.width * ratio), Math.round(extent.height * ratio)];
      if (context.canvas.width !== width || context.canvas.height !== height) {
        context.canvas.width = width;
        context.canvas.height = height;
        pixels.current = null;
      }
      pixels.current ??= context.createImageData(width, height);
      const radius = radiusOf(map.ids.length, view.scale / whole.scale, ratio);
      const started = performance.now();
      paint(
        pixels.current,
        { ...view, scale: view.scale * ratio },
        { width, height },
        { xy: map.xy, groups, chosen, radius },
      );
      context.putImageData(pixels.current, 0, 0);
      performance.measure('map paint', { start: started, end: performance.now() });
    });
    return () => cancelAnimationFrame(frame);
  }, [canvas, map, groups, chosen, view, whole, extent]);
}
