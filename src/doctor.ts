/** Tries every part of the house for real and says what it found. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createInferencePool } from './backends/pool.ts';
import { builtinModels } from './backends/registry.ts';
import { openThreads } from './compute/threads.ts';
import type { Config } from './config.ts';
import { systemClock } from './core/clock.ts';
import { toAppError } from './core/errors.ts';
import { openStore, runningServer } from './store/open-store.ts';

export interface Finding {
  readonly part: string;
  readonly ok: boolean;
  /** Nothing works without it. */
  readonly needed: boolean;
  /** What was found, and what to do where it is bad. */
  readonly sentence: string;
}

const FREE_BYTES_MIN = 1_000_000_000;
const PROBE = 'The quick brown fox jumps over the lazy dog.';

export async function examine(config: Config): Promise<Finding[]> {
  return [
    nodeVersion(),
    await store(),
    await folder(config),
    await threads(),
    ...(await models()),
    await tensorFlow(),
    page(),
  ];
}

function nodeVersion(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 19);
  const sentence = `Node ${process.versions.node}${ok ? ' is fine' : ' is too old: install 20.19 or newer'}.`;
  return { part: 'node', ok, needed: true, sentence };
}

async function store(): Promise<Finding> {
  const scratch = await mkdtemp(join(tmpdir(), 'headstart-doctor-'));
  const sentence = await attempt(async () => {
    const opened = await openStore({ folder: scratch, clock: systemClock });
    const problems = await opened.store.integrityProblems();
    await opened.close();
    return problems.length === 0 ? null : problems.join('; ');
  });
  await rm(scratch, { recursive: true, force: true });
  return finding('store', sentence, 'SQLite opens, writes and checks clean.', 'Run `npm ci` again on this machine.');
}

async function folder(config: Config): Promise<Finding> {
  const running = runningServer(config.folder);
  const existing = existsSync(config.folder) ? config.folder : dirname(config.folder);
  const problem = await attempt(async () => {
    const { bavail, bsize } = await statfs(existing);
    return bavail * bsize >= FREE_BYTES_MIN ? null : `only ${Math.round((bavail * bsize) / 1e6)} MB are free`;
  });
  const state = running?.address
    ? `a server is using it at ${running.address}`
    : existsSync(config.folder)
      ? 'nobody is using it'
      : 'it will be created';
  return finding(
    'data folder',
    problem,
    `${config.folder}: ${state}.`,
    'Free some space or choose another folder with --data.',
  );
}

async function threads(): Promise<Finding> {
  const problem = await attempt(async () => {
    const compute = openThreads({ learnerThreads: 1, workThreads: 1 });
    const learner = await compute.openLearner({
      dim: 2,
      classes: ['a', 'b'],
      multiple: false,
      seed: 0,
      strategy: 'random',
      expectedRows: 0,
    });
    await learner.close();
    await compute.close();
    return null;
  });
  return finding('threads', problem, 'Learning and ranking run in threads of their own.', 'Run `npm run build`.');
}

async function models(): Promise<Finding[]> {
  const pool = createInferencePool({ hostsMax: 1 });
  try {
    const findings: Finding[] = [];
    for (const model of pool.models().filter((one) => one.kind === 'embedding' && one.input === 'text')) {
      const problem = await attempt(async () => {
        const { failed } = await pool.embed(model.name, [{ text: PROBE }], { lane: 'online' });
        return failed[0]?.error.message ?? null;
      });
      const device = pool.status().models.find((one) => one.id === model.id)?.device ?? '';
      const on = device === '' ? '' : ` on ${device}`;
      findings.push(
        finding(`model ${model.name}`, problem, `It embeds text${on} (${model.license}).`, 'Run `npm ci` again.'),
      );
    }
    return findings;
  } finally {
    await pool.close();
  }
}

/** The encoder on TF.js: whether that loads at all, and on what. */
async function tensorFlow(): Promise<Finding> {
  const encoder = builtinModels().find((model) => model.runtime === 'use-lite')!;
  const entry = { ...encoder, processing: { ...encoder.processing, engine: 'tfjs' } };
  const pool = createInferencePool({ hostsMax: 1, models: [entry] });
  try {
    const problem = await attempt(async () => {
      const { failed } = await pool.embed(entry.name, [{ text: PROBE }], { lane: 'online' });
      return failed[0]?.error.message ?? null;
    });
    const device = pool.status().models[0]?.device ?? '';
    // Where it is installed and does not load, the device says why.
    const faster =
      device === 'wasm' ? '; `npm install @tensorflow/tfjs-node` makes them faster where it installs and loads' : '';
    const good = `Models in TF.js format run on ${device}${faster}.`;
    return { ...finding('TF.js', problem, good, 'Models in TF.js format do not run here.'), needed: false };
  } finally {
    await pool.close();
  }
}

function page(): Finding {
  const built = existsSync(fileURLToPath(new URL('../dist/web/index.html', import.meta.url)));
  const sentence = built
    ? 'The page is built.'
    : 'The page is not built; run `npm run build`. The API works without it.';
  return { part: 'page', ok: built, needed: false, sentence };
}

/** What is wrong, or null. */
async function attempt(work: () => Promise<string | null>): Promise<string | null> {
  try {
    return await work();
  } catch (error) {
    const known = toAppError(error);
    return known.cause instanceof Error ? `${known.message} (${known.cause.message})` : known.message;
  }
}

function finding(part: string, problem: string | null, good: string, remedy: string): Finding {
  return { part, ok: problem === null, needed: true, sentence: problem === null ? good : `${problem} ${remedy}` };
}
