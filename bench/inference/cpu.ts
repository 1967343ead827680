/** Processor time of this process, of others, and ratios of both measured in turn. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Ratio } from '../harness.ts';

/** All threads of this process, in milliseconds. */
export function ownCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** All threads of other processes. Linux counts in hundredths of a second. */
export function cpuMsOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return sum + 10 * (Number(fields[11]) + Number(fields[12]));
  }, 0);
}

/** A process and those it started. */
export function familyOf(pid: number): number[] {
  const children = execFileSync('ps', ['-o', 'pid=,comm=', '--ppid', String(pid)], { encoding: 'utf8' });
  const pids = children
    .split('\n')
    .flatMap((line) => (/^\s*\d+\s+(?!ps$)/.test(line) ? [Number.parseInt(line, 10)] : []));
  return [pid, ...pids];
}

export function residentBytes(pid: number): number {
  return 1_024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}

/** What one round of a side costs, in milliseconds. */
export type Side = () => Promise<number>;

/** A side that runs in this process. */
export function here(work: () => Promise<unknown>): Side {
  return async () => {
    const start = ownCpuMs();
    await work();
    return ownCpuMs() - start;
  };
}

/** A side whose work is done here and in other processes. */
export function hereAnd(pids: () => readonly number[], work: () => Promise<unknown>): Side {
  return async () => {
    const [start, others] = [ownCpuMs(), cpuMsOf(pids())];
    await work();
    return ownCpuMs() - start + cpuMsOf(pids()) - others;
  };
}

/** A side whose work is asked for here and done elsewhere: what asking costs does not count. */
export function elsewhere(pids: () => readonly number[], work: () => Promise<unknown>): Side {
  return async () => {
    const start = cpuMsOf(pids());
    await work();
    return cpuMsOf(pids()) - start;
  };
}

/** Rounds in turn, the first of each not counted; ratios are min(baseline) / min(ours): more is better. */
export async function compare(runs: number, baseline: Side, ours: Side): Promise<Ratio & Costs> {
  await baseline();
  await ours();
  const pairs: [number, number][] = [];
  for (let i = 0; i < runs; i++) pairs.push([await baseline(), await ours()]);
  const ratios = pairs.map(([a, b]) => a / b);
  const baselineMs = Math.min(...pairs.map(([a]) => a));
  const oursMs = Math.min(...pairs.map(([, b]) => b));
  const spread = { min: Math.min(...ratios), max: Math.max(...ratios), runs };
  return { value: baselineMs / oursMs, ...spread, baselineMs, oursMs };
}

export interface Costs {
  readonly baselineMs: number;
  readonly oursMs: number;
}
