/** Whether more labels still change the model: the last versions held against each other on a sample of the tasks. */
import type { ModelSummary } from '../../core/domain.ts';
import { type StopAdvice, type StopCheck, stopAdvice } from '../../sampling/index.ts';
import type { Deps } from '../deps.ts';
import { type Matrices, readRows } from '../embeddings/matrices.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { chooseLabels } from '../suggestions/suggest.ts';

/** One more than the windows that the advice looks at. */
const VERSIONS = 4;
/** Tasks compared: a change of one in a hundred is seen, and four predictions take a moment. */
const SAMPLE = 2_000;

/** Projects whose advice is kept: pages ask for it every few seconds, and only a new version changes it. */
const KEPT_MAX = 100;

/** The advice for a project; worked out again when its last versions have changed. */
export function createStopAdvice(deps: Deps, matrices: Matrices) {
  const kept = new Map<number, { readonly key: string; readonly advice: Promise<StopAdvice> }>();
  return async (config: ProjectConfig, projectId: number): Promise<StopAdvice> => {
    const versions = lastVersions(await deps.store.models.list(projectId), config.control?.name ?? '');
    const key = versions.map((one) => one.id).join();
    const known = kept.get(projectId);
    if (known?.key === key) return known.advice;
    const advice = compare(deps, matrices, config, versions);
    kept.delete(projectId);
    kept.set(projectId, { key, advice });
    advice.catch(() => kept.delete(projectId));
    const [oldest] = kept.keys();
    if (kept.size > KEPT_MAX) kept.delete(oldest!);
    return advice;
  };
}

async function compare(
  deps: Deps,
  matrices: Matrices,
  config: ProjectConfig,
  versions: readonly ModelSummary[],
): Promise<StopAdvice> {
  const tensors = await Promise.all(versions.map((one) => matrices.embeddings(one.projectId, one.embedder)));
  const height = Math.min(...tensors.map((tensor) => tensor.rows));
  const step = Math.max(1, Math.ceil(height / SAMPLE));
  const spaced = tensors.length === 0 ? [] : Array.from({ length: Math.ceil(height / step) }, (_, i) => i * step);
  const ordinals = Uint32Array.from(spaced.filter((ordinal) => tensors.every((tensor) => tensor.has(ordinal))));
  const codes = new Map<string, number>();
  const checks = versions.map(async (version, i): Promise<StopCheck> => {
    const { classes } = config;
    const { head } = await found('model version', version.id, deps.store.models.get(version.id));
    const all = await deps.compute.predict(head, await readRows(tensors[i]!, ordinals), classes);
    const said = Array.from(ordinals, (_, row) => {
      const own = all.subarray(row * classes.length, (row + 1) * classes.length);
      const labels = JSON.stringify(chooseLabels(config, own)?.labels ?? []);
      if (!codes.has(labels)) codes.set(labels, codes.size);
      return codes.get(labels)!;
    });
    return { labels: version.trainedOn, said };
  });
  return stopAdvice(await Promise.all(checks));
}

/** Oldest first, each trained on more answers than the one before: training twice on the same ones proves nothing. */
function lastVersions(versions: readonly ModelSummary[], control: string): ModelSummary[] {
  const own = versions.filter((one) => one.control === control);
  const grown = own.filter((one, i) => own.slice(0, i).every((before) => before.trainedOn < one.trainedOn));
  return grown.slice(-VERSIONS);
}
