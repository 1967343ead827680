/** Strategies that rank every item by its own probabilities: least confidence, margin, entropy. */
import type { AcquisitionName } from '../acquisition.ts';
import type { QueryStrategy } from '../strategy.ts';

export const leastConfidence = byScore(
  'least-confidence',
  'leastConfidence',
  'Items whose likeliest class is least likely.',
  'Lewis and Gale, "A sequential algorithm for training text classifiers" (1994)',
);

export const margin = byScore(
  'margin',
  'margin',
  'Items whose two likeliest classes are closest.',
  'Scheffer et al., "Active hidden Markov models for information extraction" (2001)',
);

export const entropy = byScore(
  'entropy',
  'entropy',
  'Items with the flattest probabilities; worse than random with many classes and few labels.',
  'Settles, "Active learning literature survey" (2009)',
);

function byScore(name: string, score: AcquisitionName, summary: string, source: string): QueryStrategy {
  return {
    name,
    summary,
    source,
    needsHead: true,
    pick: ({ predictions, candidates }, k) => predictions?.top(score, candidates, k) ?? [],
  };
}
