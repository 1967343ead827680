/** Regions in a suggestion: spans that rules and models mark, weighed together, and what else was predicted in bulk. */
import { type SuggestionModel, weighSpans } from '../../consensus/index.ts';
import type { Prediction, Region, StoredLabelModel, Task } from '../../core/domain.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { type SpanTarget, spanRegion, spansIn } from '../rules/span-target.ts';
import { bodyOf, LABEL_MODEL_NAME } from './label-model-body.ts';
import { type Voters, voterLookup } from './voters.ts';

/** A fitted label model of spans, ready to answer. */
export interface SpanWeigher {
  readonly version: string;
  readonly createdAt: string;
  /** Does this prediction have a say? */
  counts(prediction: Prediction): boolean;
  /** Null when nobody who counts has marked anything. */
  regions(task: Task, predictions: readonly Prediction[]): readonly Region[] | null;
}

export function spanWeigher(stored: StoredLabelModel, target: SpanTarget): SpanWeigher {
  const { model, names, ...voters } = bodyOf(stored);
  const voterOf = voterOfPrediction(voters);
  return {
    version: stored.version,
    createdAt: stored.createdAt,
    counts: (prediction) => voterOf(prediction) !== undefined,
    regions(task, predictions) {
      const spansOf = spansByVoter(target, predictions, voterOf, names.length);
      if (spansOf.every((spans) => spans.length === 0)) return null;
      return weighedRegions(target, model, task, spansOf);
    },
  };
}

/** The voter behind a prediction; undefined for predictions that do not count. */
export function voterOfPrediction(voters: Omit<Voters, 'names'>): (prediction: Prediction) => number | undefined {
  const lookup = voterLookup(voters);
  return ({ runId, labelerId }) => (runId === null ? undefined : (lookup({ runId, labelerId }) ?? lookup({ runId })));
}

type SpansOf = Parameters<typeof weighSpans>[1];

function weighedRegions(target: SpanTarget, model: SuggestionModel, task: Task, spansOf: SpansOf): Region[] {
  return weighSpans(model, spansOf).map(({ score, ...span }) => spanRegion(target, task.data, span, score));
}

/** (voters) what each marked in one task; of a voter's runs the newest that says something, rules in any of theirs. */
export function spansByVoter(
  target: SpanTarget,
  predictions: readonly Prediction[],
  voterOf: (prediction: Prediction) => number | undefined,
  voterCount: number,
): SpansOf {
  const newest = new Map<number, Prediction>();
  for (const prediction of predictions) {
    const voter = voterOf(prediction);
    if (voter !== undefined && (newest.get(voter)?.id ?? 0) < prediction.id) newest.set(voter, prediction);
  }
  return Array.from({ length: voterCount }, (_, voter) => {
    const own = newest.get(voter);
    return own ? spansIn(target, own.result) : [];
  });
}

export interface SuggestedRegions {
  readonly result: readonly Region[];
  readonly score: number | null;
  readonly name: string;
  readonly version: string;
  readonly createdAt: string;
  /** Made by the label model, and not just the newest stored prediction. */
  readonly weighed: boolean;
}

/** Can suggestions hold more than the one choice that the head learns? Where not, no prediction needs to be read. */
export function hasOtherControls({ parsed, control }: ProjectConfig): boolean {
  return parsed.controls.some((one) => one.name !== control?.name);
}

/**
 * What bulk acts have predicted for controls other than the learned choice: spans as the label model weighs them, and of
 * everything else the newest word per control. Null when that is nothing.
 */
export async function suggestedRegions(
  { store }: Deps,
  config: ProjectConfig,
  weigher: SpanWeigher | null,
  task: Task,
  predictions: readonly Prediction[],
): Promise<SuggestedRegions | null> {
  const spans = weigher?.regions(task, predictions) ?? null;
  const taken = new Set([config.control?.name, ...(spans === null ? [] : [config.spans?.control.name])]);
  const byControl = new Map<string, { from: Prediction; regions: Region[] }>();
  for (const from of [...predictions].sort((a, b) => a.id - b.id)) {
    if (from.runId === null || weigher?.counts(from) || (await isRule(store, from))) continue;
    const own = new Map<string, Region[]>();
    for (const region of from.result) {
      const name = String(region.from_name);
      if (!taken.has(name)) own.set(name, [...(own.get(name) ?? []), region]);
    }
    for (const [name, regions] of own) byControl.set(name, { from, regions });
  }
  const others = [...byControl.values()];
  const newest = others.reduce<Prediction | null>((a, { from }) => (a && a.id > from.id ? a : from), null);
  const result = [...(spans ?? []), ...others.flatMap(({ regions }) => regions)];
  if (spans !== null) {
    const scores = spans.map((region) => (typeof region.score === 'number' ? region.score : null));
    const score = scores.length === 0 || scores.includes(null) ? null : Math.min(...(scores as number[]));
    return {
      result,
      score,
      name: LABEL_MODEL_NAME,
      version: weigher!.version,
      createdAt: weigher!.createdAt,
      weighed: true,
    };
  }
  if (newest === null) return null;
  const labeler = await store.labelers.get(newest.labelerId);
  const { name = '', version = '' } = labeler ?? {};
  return { result, score: newest.score, name, version, createdAt: newest.createdAt, weighed: false };
}

/** A rule that has no say (yet): its run goes on, or its version was replaced. */
async function isRule(store: Deps['store'], { labelerId }: Prediction): Promise<boolean> {
  return (await store.labelers.get(labelerId))?.kind === 'rule';
}
