/** What the blind slice and the answers say about the suggestions: accuracy, acceptance, time saved, bias. */
import type { Annotation } from '../../core/domain.ts';
import { bootstrapInterval, median, wilsonInterval } from '../../core/intervals.ts';
import { seededRandom } from '../../core/random.ts';
import { type CurvePoint, projectCurve } from '../../sampling/index.ts';
import type { Deps } from '../deps.ts';
import type { Matrices } from '../embeddings/matrices.ts';
import { found } from '../lookup.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import { saysTheSame } from '../queue/answers.ts';
import type { Insights, InsightsApi, ShareWithInterval } from './insights-api.ts';
import { doubtfulAnnotations } from './label-errors.ts';
import { createStopAdvice } from './stop-advice.ts';

/** Few enough that reading a page stalls nobody. */
const READ_CHUNK = 500;
/** Below this many blind answers a comparison would be noise shown as a number. */
const BLIND_MIN = 30;
/** Time and bias are those of late: enough for an interval, few enough to resample on the serving thread. */
const RECENT_ANSWERS = 500;
/** Points of the curve; more cannot be told apart on a screen. */
const CURVE_POINTS_MAX = 200;
/** The projection asks for the next one above what is reached. */
const GOALS = [0.8, 0.9, 0.95, 0.98];
const LAST_GOAL = 0.99;

export function createInsights(deps: Deps, matrices: Matrices, configs: ProjectConfigs): InsightsApi {
  const { store } = deps;
  const stopAdviceFor = createStopAdvice(deps, matrices);
  return {
    labelErrors: (projectId, limit) => doubtfulAnnotations(deps, matrices, configs, projectId, limit),

    async of(projectId) {
      const project = await found('project', projectId, store.projects.get(projectId));
      const answers: ScoredAnswer[] = [];
      for (let after = 0; ; ) {
        const page = await store.annotations.list(projectId, { after, limit: READ_CHUNK });
        if (page.length === 0) break;
        const given = page.filter((one) => !one.skipped && one.runId === null);
        const predictions = await store.predictions.ofTasks(given.map((one) => one.taskId));
        const scores = new Map(predictions.map((one) => [one.id, one.score]));
        answers.push(...given.map((one) => ({ ...one, score: scores.get(one.parentPrediction ?? 0) ?? null })));
        after = page.at(-1)!.id;
      }
      const stopAdvice = await stopAdviceFor(configs.of(project), projectId);
      return { ...insightsOf(answers), stopAdvice };
    },
  };
}

/** An answer with the confidence of the suggestion it is held against, shown or hidden. */
export interface ScoredAnswer extends Annotation {
  readonly score: number | null;
}

/** `answers` in the order they were given, skips left out. */
export function insightsOf(answers: readonly ScoredAnswer[]): Insights {
  const blind = answers.filter((one) => one.blind && one.parentPrediction !== null);
  const aided = answers.filter((one) => !one.blind && one.parentPrediction !== null);
  const accepted = aided.filter((one) => one.outcome === 'accepted').length;
  const right = blind.filter(saysTheSame).length;
  const recent = { aided: aided.slice(-RECENT_ANSWERS), blind: blind.slice(-RECENT_ANSWERS) };
  const enough = blind.length >= BLIND_MIN && aided.length >= BLIND_MIN;
  return {
    curve: curveOf(answers),
    acceptance: aided.length === 0 ? null : share(accepted, aided.length),
    blindAccuracy: blind.length === 0 ? null : share(right, blind.length),
    timeSaved: enough ? timeSaved(timesOf(recent.aided), timesOf(recent.blind)) : null,
    bias: enough ? biasOf(recent.aided, recent.blind) : null,
    projection: projectionOf(answers),
  };
}

/** Unlike the curve, each blind answer counts for the moment it was given in. */
function projectionOf(answers: readonly ScoredAnswer[]): Insights['projection'] {
  const points = answers.flatMap((one, labels): CurvePoint[] =>
    one.blind && one.parentPrediction !== null ? [{ labels, hits: saysTheSame(one) ? 1 : 0, n: 1 }] : [],
  );
  const reached = projectCurve(points, LAST_GOAL, answers.length);
  const goal = GOALS.find((one) => one > (reached?.accuracy.median ?? 1));
  return goal === undefined ? reached : projectCurve(points, goal, answers.length);
}

function curveOf(answers: readonly ScoredAnswer[]): Insights['curve'] {
  let hits = 0;
  let n = 0;
  const points = answers.flatMap((one, i) => {
    if (!one.blind || one.parentPrediction === null) return [];
    n += 1;
    if (saysTheSame(one)) hits += 1;
    return [{ labels: i + 1, ...share(hits, n) }];
  });
  const step = Math.ceil(points.length / CURVE_POINTS_MAX);
  return points.filter((_, i) => i % step === 0 || i === points.length - 1);
}

function share(hits: number, n: number): ShareWithInterval {
  return { n, hits, share: hits / n, ...wilsonInterval(hits, n) };
}

function timesOf(answers: readonly ScoredAnswer[]): number[] {
  return answers.flatMap((one) => (one.visibleMs === null || one.visibleMs <= 0 ? [] : [one.visibleMs]));
}

function timeSaved(aided: readonly number[], blind: readonly number[]): Insights['timeSaved'] {
  if (aided.length < BLIND_MIN || blind.length < BLIND_MIN) return null;
  const saved = (a: readonly number[], b: readonly number[]): number => 1 - median(a) / median(b);
  return {
    aidedMs: median(aided),
    blindMs: median(blind),
    saved: saved(aided, blind),
    ...bootstrapInterval(aided, blind, saved, seededRandom('time saved', aided.length)),
    aided: aided.length,
    blind: blind.length,
  };
}

/**
 * The queue shows harder tasks than the blind slice, so raw rates cannot be compared. What can: by how much answers
 * agree with a suggestion beyond its stated confidence, with it in sight and without.
 */
function biasOf(aided: readonly ScoredAnswer[], blind: readonly ScoredAnswer[]): Insights['bias'] {
  const excess = (answers: readonly ScoredAnswer[]): number[] =>
    answers.flatMap((one) => (one.score === null ? [] : [Number(saysTheSame(one)) - one.score]));
  const [shown, hidden] = [excess(aided), excess(blind)];
  if (shown.length < BLIND_MIN || hidden.length < BLIND_MIN) return null;
  const points = (a: readonly number[], b: readonly number[]): number => 100 * (mean(a) - mean(b));
  return {
    points: points(shown, hidden),
    ...bootstrapInterval(shown, hidden, points, seededRandom('bias', shown.length)),
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
