/**
 * The model version that Label Studio sees: a hash of everything that decides what is suggested. It is the same after a
 * restart, so nothing is predicted again for nothing, and changes with every retrain, so that Label Studio asks again.
 */
import { stableHash } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import { paramsOf, type RulesInForce, rulesInForce } from '../rules/runs.ts';

/** A version is worked out again after so long, because any bulk act may have changed it. */
const FRESH_MS = 500;
const HEX_DIGITS = 12;

export interface SuggestionVersion {
  readonly name: string;
  /** Is there anything yet that could suggest? */
  readonly suggests: boolean;
}

export class SuggestionVersions {
  readonly #deps: Deps;
  readonly #known = new Map<number, { at: number; version: Promise<SuggestionVersion> }>();
  readonly #unsubscribe: () => void;

  constructor(deps: Deps) {
    this.#deps = deps;
    this.#unsubscribe = deps.store.jobs.onChange((job) => {
      if (job.projectId !== null) this.#known.delete(job.projectId);
    });
  }

  of(projectId: number): Promise<SuggestionVersion> {
    const known = this.#known.get(projectId);
    const now = performance.now();
    if (known && now - known.at < FRESH_MS) return known.version;
    const version = workOut(this.#deps, projectId);
    this.#known.set(projectId, { at: now, version });
    version.catch(() => this.#known.delete(projectId));
    return version;
  }

  close(): void {
    this.#unsubscribe();
  }
}

async function workOut({ store }: Deps, projectId: number): Promise<SuggestionVersion> {
  const project = await found('project', projectId, store.projects.get(projectId));
  const [models, runs, faults] = await Promise.all([
    store.models.list(projectId),
    store.runs.list(projectId),
    store.rules.faults(projectId),
  ]);
  const standing = runs.filter((run) => run.state === 'done' && run.revokedAt === null);
  // Until a head has spoken about the tasks, the one before it answers for them: what is given now has to be asked again.
  const spoken = new Set(standing.map((run) => run.params.versionId));
  const heads = models
    .filter((one) => one.active)
    .map((one) => `${one.control}@${one.version}${spoken.has(one.id) ? '' : ' to come'}`);
  // Runs of the heads repeat what the heads say; of all others each is an act of its own.
  const acts = standing
    .filter((run) => ACTS.includes(run.kind) || (run.kind === 'prelabel' && typeof run.params.versionId !== 'number'))
    .map((run) => run.id);
  const rules = await rulesVersion(store, projectId, rulesInForce(runs, faults));
  const weighers = await Promise.all(
    [...new Set(models.map((one) => one.control))].map((control) => store.labelModels.get(projectId, control)),
  );
  const weighed = weighers.flatMap((one) => one?.version ?? []).sort();
  const parts = { config: project.labelConfig, heads: heads.sort(), rules, weighed, acts };
  return {
    name: `hs-${stableHash(parts).slice(0, HEX_DIGITS)}`,
    suggests: heads.length > 0 || rules !== null || acts.length > 0,
  };
}

const ACTS: readonly string[] = ['propagation', 'auto-accept'];

async function rulesVersion(
  store: Deps['store'],
  projectId: number,
  inForce: RulesInForce | undefined,
): Promise<unknown> {
  if (!inForce) return null;
  const document = (await store.rules.list(projectId)).find((one) => one.number === paramsOf(inForce.run).document);
  // Versions of rules that failed do not count: their number tells them from the document as it was meant.
  return { document: document?.version ?? '', labelers: inForce.labelers.size };
}
