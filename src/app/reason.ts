/** Why a task stands where it stands: the numbers behind its rank, and one sentence made of them. */
import type { Ranked } from '../compute/compute.ts';
import type { QueueReason } from './app.ts';
import type { Loop } from './loop.ts';

export function reasonFor(loop: Loop, ranked: Ranked | undefined, rank: number): QueueReason {
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
      sentence:
        phase === 'overlap'
          ? 'Somebody else has answered it, and this project wants more than one answer per task.'
          : 'The policy has not ranked it among the first: it was yours already, or comes in the order of import.',
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
    sentence: sentenceFor(classes, ranked),
  };
}

function sentenceFor(classes: readonly string[], ranked: Ranked): string {
  const { probabilities, distance } = ranked;
  if (ranked.phase === 'random') return 'Drawn at random, as the project asks.';
  if (probabilities === null) return 'Typical of many tasks that nobody has labeled yet.';
  const [first, second] = probabilities
    .map((probability, i) => ({ probability, name: classes[i]! }))
    .sort((a, b) => b.probability - a.probability);
  const doubt =
    second === undefined
      ? `The model gives ${first?.name} ${percent(first?.probability ?? 0)}`
      : `The model wavers between ${first!.name} (${percent(first!.probability)}) and ${second.name} (${percent(second.probability)})`;
  const place =
    distance === null
      ? ''
      : distance > FAR
        ? ', and nothing like it is labeled yet'
        : ', close to tasks already labeled';
  return `${doubt}${place}.`;
}

/** Euclidean distance on the unit sphere (cosine similarity 0.5) beyond which texts have little in common. */
const FAR = 1;

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
