/** Learning curves as inline SVG: one line and one band per strategy, no script. */
import type { SimulationReport } from '../app/learning/simulate.ts';

type Summary = SimulationReport['results'][number];

/** Told apart in both colour schemes and by the colour-blind (Okabe and Ito); strategies beyond them repeat with dashes. */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'];
const BASELINE_COLOUR = '#888';
export const PLOT = { width: 760, height: 380, left: 48, right: 24, top: 12, bottom: 40 };
const TICKS = 5;

export function curvePlot(results: readonly Summary[]): string {
  const points = results.flatMap((result) => result.curve);
  const x = scale(
    points.map((point) => point.labels),
    PLOT.left,
    PLOT.width - PLOT.right,
  );
  const y = scale(
    points.flatMap((point) => [point.low, point.high]),
    PLOT.height - PLOT.bottom,
    PLOT.top,
  );
  const at = (labels: number, value: number): string => `${x.of(labels).toFixed(1)},${y.of(value).toFixed(1)}`;
  const layers = results.map((result, i) => {
    const { curve } = result;
    const upper = curve.map((point) => at(point.labels, point.high));
    const lower = [...curve].reverse().map((point) => at(point.labels, point.low));
    const middle = curve.map((point) => at(point.labels, point.accuracy));
    const stroke = colour(result, i);
    const dash = i >= COLOURS.length ? ' stroke-dasharray="6 3"' : '';
    return `<polygon points="${[...upper, ...lower].join(' ')}" fill="${stroke}" opacity=".15"/>
<polyline points="${middle.join(' ')}" fill="none" stroke="${stroke}" stroke-width="2"${dash}><title>${escaped(result.strategy)}</title></polyline>`;
  });
  return `<svg viewBox="0 0 ${PLOT.width} ${PLOT.height}" role="img" aria-label="Accuracy over labels, one line per strategy">
${axes(x, y)}
${layers.join('\n')}
</svg>`;
}

function axes(x: Scale, y: Scale): string {
  const [left, right] = [PLOT.left, PLOT.width - PLOT.right];
  const bottom = PLOT.height - PLOT.bottom;
  const rows = y.ticks.map((value) => {
    const height = y.of(value).toFixed(1);
    return `<line class="grid" x1="${left}" x2="${right}" y1="${height}" y2="${height}"/>
<text x="${left - 6}" y="${height}" text-anchor="end" dominant-baseline="middle">${tick(value)}</text>`;
  });
  const columns = x.ticks.map(
    (value) => `<text x="${x.of(value).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${tick(value)}</text>`,
  );
  return `${rows.join('\n')}
${columns.join('\n')}
<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>
<text x="${(left + right) / 2}" y="${PLOT.height - 4}" text-anchor="middle">labels</text>`;
}

interface Scale {
  of(value: number): number;
  readonly ticks: readonly number[];
}

/** Linear, from the smallest to the largest value, with round ticks inside. */
function scale(values: readonly number[], from: number, to: number): Scale {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const span = high - low || 1;
  const rough = span / TICKS;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * ([1, 2, 5, 10].find((factor) => factor * unit >= rough) ?? 10);
  const first = Math.ceil(low / step) * step;
  const ticks = Array.from({ length: Math.floor((low + span - first) / step + 1e-9) + 1 }, (_, i) => first + i * step);
  return { of: (value) => from + ((value - low) / span) * (to - from), ticks };
}

function tick(value: number): string {
  return String(Number(value.toPrecision(6)));
}

export function colour(result: Summary, i: number): string {
  return result.againstRandom === null ? BASELINE_COLOUR : COLOURS[i % COLOURS.length]!;
}

export function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
