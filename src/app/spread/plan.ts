/** What spreading would do: one line per proposal, and the figures that people judge it by. */
import type { SpreadAnswer } from '../../compute/neighbours.ts';
import { CONTRIBUTORS, lowerBound, precisionCurve, YES } from '../../propagation/index.ts';
import type { VoteSource } from '../../store/ports/spread.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import type { ClusterView, CurvePoint, LabelPlan, PlanView, QuestionView } from './api.ts';
import type { Facts } from './facts.ts';

/** One proposal: this label for this task. */
export interface PlanLine {
  readonly taskId: number;
  readonly ordinal: number;
  /** Class index. */
  readonly label: number;
  readonly confidence: number;
  /** P(right); null while too few predictions were checked to say. */
  readonly score: number | null;
  readonly accepted: boolean;
  readonly sources: readonly VoteSource[];
}

export interface Plan {
  readonly createdAt: string;
  readonly embedder: string;
  /** What the class indices of the lines mean. */
  readonly classes: readonly string[];
  readonly target: number;
  readonly level: number;
  readonly items: number;
  readonly facts: Facts;
  readonly answers: readonly SpreadAnswer[];
  /** Surest first, equal ones by task. */
  readonly lines: readonly PlanLine[];
  /** Ordinals, each cluster from its middle outwards. */
  readonly clusters: readonly Uint32Array[];
}

/** Steps of thresholds on the page. */
const STEPS = 100;
/** Checked predictions below which a probability would be a guess. */
const SCORE_MIN = 30;
/** Tasks shown of a cluster. */
const SHOWN = 4;

export function linesOf(answers: readonly SpreadAnswer[], facts: Facts): PlanLine[] {
  const answered = [...facts.seeds, ...facts.verified];
  const lines = answers.flatMap(({ label: asked, proposals, checks }) => {
    const curve = checks.length >= SCORE_MIN ? precisionCurve(checks) : null;
    const own: PlanLine[] = [];
    for (const [i, ordinal] of proposals.ordinals.entries()) {
      const label = asked ?? proposals.labels[i]!;
      // A label that does not hold is no vote: votes have no "no".
      if (asked !== null && proposals.labels[i] !== YES) continue;
      // A task that came after the answers were read waits for the next plan.
      const taskId = facts.taskIds.get(ordinal);
      if (taskId === undefined) continue;
      const confidence = proposals.confidence[i]!;
      const sources: VoteSource[] = [];
      for (let at = i * CONTRIBUTORS; at < (i + 1) * CONTRIBUTORS && proposals.sources[at]! >= 0; at++) {
        const { ordinal: from } = answered[proposals.sources[at]!]!;
        sources.push({ taskId: facts.taskIds.get(from)!, similarity: proposals.sourceSimilarities[at]! });
      }
      own.push({
        taskId,
        ordinal,
        label,
        confidence,
        score: curve === null ? null : curve(confidence),
        accepted: proposals.accepted[i] === 1,
        sources,
      });
    }
    return own;
  });
  return lines.sort((a, b) => b.confidence - a.confidence || a.taskId - b.taskId || a.label - b.label);
}

export function planView(plan: Plan, config: ProjectConfig, stale: boolean): PlanView {
  const { facts } = plan;
  return {
    createdAt: plan.createdAt,
    embedder: plan.embedder,
    target: plan.target,
    level: plan.level,
    items: plan.items,
    seeds: facts.seeds.length,
    verified: facts.verified.length,
    stale,
    questions: plan.answers.map((answer) => questionView(answer, config, facts.verified.length)),
    labels: labelPlans(plan, config),
    clusters: clusterViews(plan, config),
    curve: curveOf(plan),
  };
}

function questionView(answer: SpreadAnswer, config: ProjectConfig, verified: number): QuestionView {
  const { label, method, corrected, evidence, gate } = answer;
  const { rule, right, total, bound } = gate.evidence;
  const nameOf = (c: number): string => (label === null ? config.classes[c]! : c === YES ? 'yes' : 'no');
  return {
    label: label === null ? null : config.classes[label]!,
    method,
    corrected,
    evidence: evidence.map(({ interval, ...one }) => ({ ...one, low: interval.low, high: interval.high })),
    rule,
    right,
    total,
    bound,
    coverage: gate.coverage,
    withheld: gate.withheld.map(nameOf),
    more: lackOf(answer, verified),
  };
}

/** Random answers that would let more through; null where they would not. `verified`: those that there are. */
export function lackOf({ gate, checks, proposals }: SpreadAnswer, verified: number): number | null {
  // Answers of one kind only: there is nothing to tell apart, and what is missing is no number of answers but another kind.
  const silent = checks.length === 0 && proposals.ordinals.length === 0;
  if (silent && verified >= SCORE_MIN) return null;
  if (silent) return SCORE_MIN - verified;
  if (gate.evidence.rule === 'too-few') return Math.max(1, SCORE_MIN - checks.length);
  // Where everything passes, more answers would change nothing.
  return gate.coverage < 1 ? (gate.more?.random ?? null) : null;
}

function labelPlans({ lines }: Plan, { classes }: ProjectConfig): LabelPlan[] {
  return classes.map((label, c) => {
    const own = lines.filter((line) => line.label === c);
    return {
      label,
      proposed: own.length,
      accepted: own.filter((line) => line.accepted).length,
      counts: thresholds().map((least) => countFrom(own, least)),
    };
  });
}

function curveOf({ answers, lines, level }: Plan): CurvePoint[] {
  const checks = answers.flatMap(({ label, checks }) =>
    label === null ? checks : checks.filter((check) => check.label === YES),
  );
  return thresholds().map((least) => {
    const inside = checks.filter((check) => check.confidence >= least);
    const right = inside.filter((check) => check.right).length;
    const bound = lowerBound(right, inside.length, level);
    return { least, tasks: countFrom(lines, least), right, total: inside.length, bound };
  });
}

function thresholds(): number[] {
  return Array.from({ length: STEPS + 1 }, (_, step) => step / STEPS);
}

/** Lines are sorted: the surest first. */
function countFrom(lines: readonly PlanLine[], least: number): number {
  let [low, high] = [0, lines.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (lines[middle]!.confidence >= least) low = middle + 1;
    else high = middle;
  }
  return low;
}

function clusterViews({ clusters, lines }: Plan, { classes }: ProjectConfig): ClusterView[] {
  const lineOf = new Map(lines.map((line) => [line.ordinal, line]));
  return clusters.map((ordinals, id) => {
    const own = [...ordinals].flatMap((ordinal) => lineOf.get(ordinal) ?? []);
    const counts = new Array<number>(classes.length).fill(0);
    for (const line of own) counts[line.label]!++;
    const label = counts.indexOf(Math.max(...counts));
    const borderline = [...own].sort((a, b) => a.confidence - b.confidence || a.taskId - b.taskId).slice(0, SHOWN);
    return {
      id,
      size: own.length,
      label: classes[label]!,
      share: counts[label]! / own.length,
      representative: own.slice(0, SHOWN).map((line) => line.taskId),
      borderline: borderline.map((line) => line.taskId),
    };
  });
}
