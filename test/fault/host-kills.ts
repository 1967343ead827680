/** Kills inference hosts all through an embedding job and counts what is left, against the same job undisturbed. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInferencePool } from '../../src/backends/pool.ts';
import { SCORE_QUANTUM } from '../../src/core/order.ts';
import { seededRandom } from '../../src/core/random.ts';
import { openBulk } from '../helpers/bulk-job.ts';
import { killProcess } from '../helpers/process.ts';
import { makeTexts } from '../helpers/texts.ts';

export interface HostKillReport {
  readonly kills: number;
  readonly texts: number;
  /** Tasks without a row, or listed as failed. */
  readonly lost: number;
  /** Answers beyond one for each task. */
  readonly doubled: number;
  /** Rows that are not those of the undisturbed job by more than what the product takes for the same. */
  readonly different: number;
  /** Rows of which any bit is another: a batch that was parted went in calls of another size. */
  readonly inexact: number;
}

const MODEL = 'use-lite';
/**
 * Enough texts for the pool to measure how many go into one call. The same texts in calls of another size differ by
 * 3e-8, so both jobs that are compared begin after it.
 */
const TEXTS_TO_MEASURE = 600;
/** Enough work that the last kill still meets some. */
const TEXTS_PER_KILL = 80;
const LOOK_MS = 5;

export async function runHostKills(kills: number, seed: number): Promise<HostKillReport> {
  const random = seededRandom('host kills', seed);
  const folder = mkdtempSync(join(tmpdir(), 'headstart-kills-'));
  const pool = createInferencePool({ hostsMax: 2 });
  const bulk = await openBulk(folder, pool);
  const texts = makeTexts(kills * TEXTS_PER_KILL, seed).map(({ text }) => text);
  const answered = (): number => pool.status().models.find(({ id }) => id.startsWith(`${MODEL}@`))!.itemsDone;
  try {
    await bulk.embed(await bulk.project(makeTexts(TEXTS_TO_MEASURE, seed + 1).map(({ text }) => text)), MODEL);
    const undisturbed = await bulk.project(texts);
    await bulk.embed(undisturbed, MODEL);
    const disturbed = await bulk.project(texts);
    const before = answered();
    let killed = 0;
    let seen = before;
    const killer = setInterval(() => {
      // After each kill something has to get done: a system that kills faster than that runs no models.
      if (killed === kills || answered() === seen || random.next() < 0.5) return;
      const { hosts } = pool.status();
      if (hosts.length === 0) return;
      seen = answered();
      killed += 1;
      killProcess(hosts[random.int(hosts.length)]!.pid);
    }, LOOK_MS);
    const failures = await bulk.embed(disturbed, MODEL);
    clearInterval(killer);
    const [ours, theirs] = await Promise.all([disturbed, undisturbed].map((id) => bulk.rows(id, MODEL, texts.length)));
    const missing = await bulk.missing(disturbed, MODEL, texts.length);
    const dim = ours!.length / texts.length;
    const apart = texts.map((_, row) => largestDifference(ours!, theirs!, row * dim, (row + 1) * dim));
    return {
      kills: killed,
      texts: texts.length,
      lost: missing + failures,
      doubled: answered() - before - texts.length,
      different: apart.filter((one) => !(one <= SCORE_QUANTUM)).length,
      inexact: apart.filter((one) => one !== 0).length,
    };
  } finally {
    await bulk.close();
    await pool.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function largestDifference(a: Float32Array, b: Float32Array, from: number, to: number): number {
  let most = 0;
  for (let i = from; i < to; i++) most = Math.max(most, Math.abs(a[i]! - b[i]!));
  return most;
}
