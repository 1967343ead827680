/** What every benchmark shares: interleaved ratios, one JSON line per figure on stdout, a table on stderr. */
import { loadavg } from 'node:os';

export interface Figure {
  readonly figure: string;
  readonly value: number;
  readonly min?: number;
  readonly max?: number;
  readonly runs: number;
  readonly unit: string;
  /** What the value is measured against, in words. */
  readonly baseline: string;
  readonly n: number;
  /** Anything else worth keeping: milliseconds, sizes, the machine's state. */
  readonly extra?: Readonly<Record<string, number | string>>;
}

export interface Suite {
  readonly name: string;
  /** Reports each figure as soon as it stands. */
  run(report: (figure: Figure) => void, options: SuiteOptions): Promise<void>;
}

export interface SuiteOptions {
  /** The whole suite within a minute, with less data. */
  readonly quick: boolean;
  /** Report only figures whose name contains this. */
  readonly only: string;
}

export interface Ratio {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly runs: number;
}

/** Runs both sides in turn; the value is min(ours) / min(baseline), the spread that of the paired rounds. */
export async function interleave(
  runs: number,
  ours: () => unknown,
  baseline: () => unknown,
): Promise<Ratio & { oursMs: number; baselineMs: number }> {
  const pairs: [number, number][] = [];
  await ours();
  await baseline();
  for (let i = 0; i < runs; i++) pairs.push([await timeMs(ours), await timeMs(baseline)]);
  const ratios = pairs.map(([a, b]) => a / b);
  const oursMs = Math.min(...pairs.map(([a]) => a));
  const baselineMs = Math.min(...pairs.map(([, b]) => b));
  return { value: oursMs / baselineMs, min: Math.min(...ratios), max: Math.max(...ratios), runs, oursMs, baselineMs };
}

export async function timeMs(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}

/** Rounds to four significant digits, so that lines stay readable. */
export function round(value: number): number {
  return Number(value.toPrecision(4));
}

export function printFigure(suite: string, figure: Figure): void {
  const { extra, ...own } = figure;
  const rounded = Object.fromEntries(
    Object.entries({ ...own, ...extra }).map(([key, value]) => [key, typeof value === 'number' ? round(value) : value]),
  );
  process.stdout.write(`${JSON.stringify({ suite, ...rounded })}\n`);
  const load = loadavg()[0]!.toFixed(1);
  process.stderr.write(
    `${suite.padEnd(12)} ${figure.figure.padEnd(36)} ${String(round(figure.value)).padStart(10)} ${figure.unit.padEnd(4)} load ${load}  vs ${figure.baseline}\n`,
  );
}
