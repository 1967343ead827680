/**
 * What the names of the labels alone suggest, while nothing has been learned: a guess, without a probability. It is shown
 * and forgotten: no vote, no stored prediction, so nothing that is counted ever stands on it.
 */
import type { Task } from '../../core/domain.ts';
import { toAppError } from '../../core/errors.ts';
import type { Label } from '../../labelconfig/index.ts';
import { guessByName, type LabelNames, labelNames } from '../../sampling/index.ts';
import type { Deps } from '../deps.ts';
import { embeddersOf } from '../embeddings/embedders.ts';
import { type Matrices, readRows } from '../embeddings/matrices.ts';
import type { Loop } from './loop.ts';

/** Rows that stand for the pool: a mean of cosines (deviation below 0.1) is known to half a hundredth by then. */
const POOL_SAMPLE = 512;
/** A person waits no longer than this for a guess; the next item has one. */
const PATIENCE_MS = 250;
/** An encoder that takes longer than this to load and read some names has another problem. */
const NAMES_TIMEOUT_MS = 30_000;

export class Guesses {
  readonly #deps: Pick<Deps, 'inference' | 'log'>;
  readonly #matrices: Matrices;
  /** A loop is rebuilt when its labels or its embedder change, and takes its names along. */
  readonly #names = new WeakMap<Loop, Promise<LabelNames | null>>();

  constructor(deps: Pick<Deps, 'inference' | 'log'>, matrices: Matrices) {
    this.#deps = deps;
    this.#matrices = matrices;
  }

  /** The label whose name fits the task clearly best; null once there is a head, and wherever names cannot say. */
  async forTask(loop: Loop, { ordinal }: Pick<Task, 'ordinal'>): Promise<string | null> {
    if (loop.hasHead || !canCompare(this.#deps, loop)) return null;
    const tensor = await this.#matrices.embeddings(loop.project.id, loop.embedder);
    if (!tensor.has(ordinal)) return null;
    const names = await withPatience(this.#namesOf(loop));
    if (names === null) return null;
    const best = guessByName(names, await readRows(tensor, Uint32Array.of(ordinal)));
    return best === null ? null : loop.config.classes[best]!;
  }

  #namesOf(loop: Loop): Promise<LabelNames | null> {
    const known = this.#names.get(loop);
    if (known) return known;
    const reading = this.#read(loop).catch((error: unknown) => {
      const { code } = toAppError(error);
      this.#deps.log.warn({ projectId: loop.project.id, error: code }, 'label names could not be embedded');
      return null;
    });
    this.#names.set(loop, reading);
    return reading;
  }

  async #read(loop: Loop): Promise<LabelNames> {
    const tensor = await this.#matrices.embeddings(loop.project.id, loop.embedder);
    const there = [...loop.roster.tasks()].map(([ordinal]) => ordinal).filter((ordinal) => tensor.has(ordinal));
    const step = Math.max(1, there.length / POOL_SAMPLE);
    const sample = Uint32Array.from(
      { length: Math.min(POOL_SAMPLE, there.length) },
      (_, i) => there[Math.floor(i * step)]!,
    );
    const items = loop.config.control!.labels.map((label) => ({ text: described(label) }));
    const options = { lane: 'online', timeoutMs: NAMES_TIMEOUT_MS } as const;
    const { rows, dim } = await this.#deps.inference.embed(loop.embedder, items, options);
    return labelNames(rows, await readRows(tensor, sample), dim);
  }
}

/**
 * One of several labels by an encoder that knows what words mean. Where several may hold, that one name fits better than
 * another says nothing about either.
 */
function canCompare({ inference }: Pick<Deps, 'inference'>, { project, config, embedder }: Loop): boolean {
  if (config.control === null || config.control.multiple || config.input !== 'text') return false;
  return embedder !== embeddersOf(inference, project, config).instant;
}

/** What the config says of a label in words. */
function described({ value, alias, attributes }: Label): string {
  return [...new Set([value, alias, attributes.hint].filter(Boolean))].join('. ');
}

async function withPatience<T>(wanted: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, PATIENCE_MS, null);
  });
  try {
    return await Promise.race([wanted, patience]);
  } finally {
    clearTimeout(timer);
  }
}
