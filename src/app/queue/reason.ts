/** Why a task stands where it stands: the numbers behind its rank, and one sentence made of them. */
import type { Ranked } from '../../compute/compute.ts';
import { explain, policyOf } from '../../sampling/index.ts';
import type { Loop } from '../learning/loop.ts';
import type { VoteSplit } from '../suggestions/vote-split.ts';
import type { QueueReason } from './api.ts';

const COMMITTEE = 'committee-variance';

/** `strategy`: what ordered it, unless it was the project's own. */
export function reasonFor(
  loop: Loop,
  ranked: Ranked,
  rank: number,
  split?: VoteSplit,
  strategy = loop.strategy,
): QueueReason {
  const { classes } = loop.config;
  return {
    strategy,
    phase: ranked.phase,
    rank,
    score: ranked.score,
    probabilities:
      ranked.probabilities && Object.fromEntries(classes.map((name, i) => [name, ranked.probabilities![i]!])),
    margin: ranked.margin,
    distance: ranked.distance,
    density: ranked.density,
    disagreement: disagreementOf(split),
    sentence: `${sentenceFor(loop, strategy, ranked)}${costOf(loop, strategy, ranked)}${quarrelOf(split)}`,
  };
}

/** The same for a task that the policy has not ranked. */
export function unrankedReason(loop: Loop, ordinal: number, split?: VoteSplit): QueueReason {
  const phase = loop.roster.isAnswered(ordinal) ? 'overlap' : 'sequential';
  const sentence =
    phase === 'overlap'
      ? 'Somebody else has answered it, and this project wants more than one answer per task.'
      : 'The policy has not ranked it among the first: it was yours already, or comes in the order of import.';
  return {
    strategy: loop.strategy,
    phase,
    rank: 0,
    score: 0,
    probabilities: null,
    margin: null,
    distance: null,
    density: null,
    disagreement: disagreementOf(split),
    sentence: `${sentence}${quarrelOf(split)}`,
  };
}

function disagreementOf(split: VoteSplit | undefined): number | null {
  return split ? split.against / split.voters : null;
}

function sentenceFor(loop: Loop, strategy: string, ranked: Ranked): string {
  const { name, perCost } = policyOf(strategy);
  if (name === 'random') return 'Drawn at random, as the policy asks.';
  if (name === 'sequential') return 'Next in the order of import, as the policy asks.';
  if (name === COMMITTEE && ranked.phase === 'uncertainty') {
    const spread = perCost ? '' : ` by about ±${Number(Math.sqrt(ranked.score).toPrecision(2))}`;
    return `Five models, each fitted on a sample of the answers, differ here${spread}.`;
  }
  const marks = loop.reason(ranked.ordinal);
  if (marks !== null) return marks;
  return explain(
    {
      phase: ranked.phase,
      probabilities: ranked.probabilities && Float32Array.from(ranked.probabilities),
      margin: ranked.margin,
      nearestLabeled: ranked.distance,
      density: ranked.density ?? 0,
    },
    loop.config.classes,
    loop.config.control?.multiple,
  );
}

/** Only of the order that is handed out: costs of another one are not kept. */
function costOf(loop: Loop, strategy: string, { ordinal }: Ranked): string {
  const cost = strategy === loop.strategy ? loop.ranking.cost(ordinal) : undefined;
  return cost === undefined ? '' : ` Ranked by what it teaches per cost; it costs ${cost.toFixed(1)} times the usual.`;
}

function quarrelOf(split: VoteSplit | undefined): string {
  if (split === undefined || split.against === 0) return '';
  const { voters, against } = split;
  return ` Its labelers disagree: ${against} of ${voters} ${against === 1 ? 'is' : 'are'} against the leading label.`;
}
