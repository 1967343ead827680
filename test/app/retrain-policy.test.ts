/** When a project trains by itself, rule by rule. */
import { describe, expect, it } from 'vitest';
import { DriftCount } from '../../src/app/learning/drift.ts';
import { type RetrainFacts, retrainRules } from '../../src/app/learning/retrain-policy.ts';

const OFF = { retrainEvery: 0, retrainEveryVerified: 0, retrainEveryHours: 0, retrainOnDrift: false };
const HOUR = 3_600_000;
const NOTHING = new DriftCount().figures();

function facts(change: Partial<RetrainFacts> = {}): RetrainFacts {
  return { labels: 25, verified: 4, trained: { labels: 20, verified: 1, at: 0 }, drift: NOTHING, now: HOUR, ...change };
}

/** n hidden suggestions of this probability, of which so many were right. */
function drift(n: number, hits: number, score: number) {
  const count = new DriftCount();
  for (let i = 0; i < n; i++) count.set(i, i < hits, score);
  return count.figures();
}

const met = (policy: object, change: Partial<RetrainFacts> = {}): string[] =>
  retrainRules({ ...OFF, ...policy }, facts(change))
    .filter((rule) => rule.met)
    .map((rule) => rule.name);

describe('the training policy', () => {
  it('does nothing by itself when everything is off', () => {
    expect(retrainRules(OFF, facts())).toEqual([]);
  });

  it('counts labeled tasks and verified ones since the last training', () => {
    expect(met({ retrainEvery: 5 })).toEqual(['annotations']);
    expect(met({ retrainEvery: 6 })).toEqual([]);
    expect(met({ retrainEveryVerified: 3 })).toEqual(['verified']);
    expect(met({ retrainEveryVerified: 4 })).toEqual([]);
  });

  it('waits again after answers were taken back', () => {
    expect(met({ retrainEvery: 1 }, { labels: 12 })).toEqual([]);
  });

  it('trains on a schedule, but never twice on the same answers', () => {
    expect(met({ retrainEveryHours: 1 })).toEqual(['schedule']);
    expect(met({ retrainEveryHours: 2 })).toEqual([]);
    expect(met({ retrainEveryHours: 1 }, { labels: 20 })).toEqual([]);
  });

  it('sees a drift when hidden suggestions are worse than they claim, and not when they are as good', () => {
    const policy = { retrainOnDrift: true };
    expect(met(policy, { drift: drift(40, 24, 0.9) })).toEqual(['drift']);
    expect(met(policy, { drift: drift(40, 35, 0.9) })).toEqual([]);
    expect(met(policy, { drift: drift(40, 24, 0.6) })).toEqual([]);
    expect(met(policy, { drift: drift(10, 0, 0.9) })).toEqual([]);
  });

  it('says what each rule stands on', () => {
    const [annotations, seen] = retrainRules(
      { ...OFF, retrainEvery: 10, retrainOnDrift: true },
      facts({ drift: drift(40, 24, 0.9) }),
    );
    expect(annotations!.sentence).toBe('5 new labeled tasks since the last training; due at 10.');
    expect(seen!.sentence).toBe(
      '24 of 40 hidden suggestions of the random slice were right, 36.0 ± 1.9 were to be expected.',
    );
  });

  it('counts a changed answer as it stands now', () => {
    const count = new DriftCount();
    count.set(1, true, 0.8);
    count.set(1, false, 0.8);
    expect(count.figures()).toMatchObject({ n: 1, hits: 0 });
    count.begin();
    expect(count.figures()).toEqual({ n: 0, hits: 0, expected: 0, error: 0 });
  });
});
