/** Every query strategy by name. Adding one: its file, one line here, one test. */
import { AppError } from '../core/errors.ts';
import { interleave, type Share } from './combine.ts';
import { badge } from './strategies/badge.ts';
import { bald, voteEntropy } from './strategies/committee.ts';
import { densityMargin } from './strategies/density-margin.ts';
import { kCenter } from './strategies/k-center.ts';
import { marginCluster } from './strategies/margin-cluster.ts';
import { maxHerding } from './strategies/max-herding.ts';
import { classBalancedHerding, explorationMix, rareClassMix } from './strategies/mixes.ts';
import { random } from './strategies/random.ts';
import { sequential } from './strategies/sequential.ts';
import { typicality } from './strategies/typicality.ts';
import { entropy, leastConfidence, margin } from './strategies/uncertainty.ts';
import { uncertaintyHerding } from './strategies/uncertainty-herding.ts';
import type { QueryStrategy } from './strategy.ts';

export const QUERY_STRATEGIES: readonly QueryStrategy[] = [
  uncertaintyHerding,
  random,
  sequential,
  leastConfidence,
  margin,
  entropy,
  maxHerding,
  typicality,
  kCenter,
  badge,
  marginCluster,
  densityMargin,
  voteEntropy,
  bald,
  rareClassMix,
  classBalancedHerding,
  explorationMix,
];

export const DEFAULT_STRATEGY = uncertaintyHerding.name;

/** A blend: names with weights, `uncertainty-herding:3, random:1`. */
const BLEND = /^\s*[a-z-]+\s*:\s*\d+(\.\d+)?\s*(,\s*[a-z-]+\s*:\s*\d+(\.\d+)?\s*)*$/;

/**
 * A registered strategy, or several blended by weights: `uncertainty-herding:3, random:1` takes three items from the first
 * for each one from the second. Throws INPUT_BAD_FIELD naming what there is.
 */
export function queryStrategy(name: string): QueryStrategy {
  return BLEND.test(name) ? blended(name) : registered(name);
}

function blended(name: string): QueryStrategy {
  const shares = name.split(',').map((part): Share => {
    const [strategy, weight] = part.split(':');
    return { strategy: registered(strategy!.trim()), weight: Number(weight) };
  });
  if (shares.every((share) => share.weight > 0)) {
    return interleave(name, 'A blend by weights.', 'each in turn, as often as its weight says', shares);
  }
  throw new AppError('INPUT_BAD_FIELD', `Weights of a blend are above zero: '${name}'.`, {
    details: { field: 'queryStrategy' },
  });
}

function registered(name: string): QueryStrategy {
  const found = QUERY_STRATEGIES.find((strategy) => strategy.name === name);
  if (found !== undefined) return found;
  const known = QUERY_STRATEGIES.map((strategy) => strategy.name);
  throw new AppError('INPUT_BAD_FIELD', `There is no query strategy '${name}'; there are: ${known.join(', ')}.`, {
    details: { field: 'queryStrategy', known },
  });
}
