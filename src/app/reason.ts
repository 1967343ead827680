/** Why a task stands where it stands: the numbers behind its rank, and one sentence made of them. */
import type { Ranked } from '../compute/compute.ts';
import { explain } from '../sampling/index.ts';
import type { QueueReason } from './app.ts';
import type { Loop } from './loop.ts';
import type { VoteSplit } from './vote-split.ts';

export function reasonFor(loop: Loop, ranked: Ranked | undefined, rank: number, split?: VoteSplit): QueueReason {
  const disagreement = split ? split.against / split.voters : null;
  const quarrel = split && split.against > 0 ? ` ${quarrelOf(split)}` : '';
  const strategy = loop.project.settings.queryStrategy;
  if (!ranked) {
    const phase = loop.project.settings.overlap > 1 ? 'overlap' : 'sequential';
    return {
      strategy,
      phase,
      rank: 0,
      score: 0,
      probabilities: null,
      margin: null,
      distance: null,
      density: null,
      disagreement,
      sentence: `${
        phase === 'overlap'
          ? 'Somebody else has answered it, and this project wants more than one answer per task.'
          : 'The policy has not ranked it among the first: it was yours already, or comes in the order of import.'
      }${quarrel}`,
    };
  }
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
    disagreement,
    sentence: `${sentenceFor(strategy, classes, ranked)}${quarrel}`,
  };
}

function sentenceFor(strategy: string, classes: readonly string[], ranked: Ranked): string {
  if (strategy === 'random') return 'Drawn at random, as the project asks.';
  return explain(
    {
      phase: ranked.phase,
      probabilities: ranked.probabilities && Float32Array.from(ranked.probabilities),
      margin: ranked.margin,
      nearestLabeled: ranked.distance,
      density: ranked.density,
    },
    classes,
  );
}

function quarrelOf({ voters, against }: VoteSplit): string {
  return `Its labelers disagree: ${against} of ${voters} ${against === 1 ? 'is' : 'are'} against the leading label.`;
}
