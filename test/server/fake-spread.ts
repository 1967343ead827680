/** Spreading of the fake App: answers in the right form, and a note of every call that would change something. */
import type { Card, PlanView, SpreadApi } from '../../src/app/spread/api.ts';
import type { Job } from '../../src/core/domain.ts';

export function fakeSpread(changed: (call: string) => void, job: () => Job): SpreadApi {
  const act = (name: string) => async (): Promise<Job> => {
    changed(`spread.${name}`);
    return job();
  };
  return {
    preview: act('preview'),
    plan: async () => PLAN,
    apply: act('apply'),
    async verify(_projectId, count = 30) {
      changed('spread.verify');
      return count;
    },
    cards: async () => ({ cards: [CARD], total: 1, unread: 0 }),
    sample: async () => ({ cards: [CARD], bounds: [0.2, 0.6] }),
    label: act('label'),
    findDuplicates: act('findDuplicates'),
    duplicates: async () => ({
      groups: [{ tasks: [1, 2], measure: 'content', labels: { spam: [1], ham: [2] }, open: [] }],
      total: 1,
      conflicts: 1,
    }),
    keepOne: act('keepOne'),
    spreadSpan: act('spreadSpan'),
  };
}

const CARD: Card = {
  task: {
    id: 1,
    projectId: 1,
    ordinal: 0,
    data: { text: 'Win a prize' },
    meta: {},
    createdAt: '2025-01-02T03:04:05.000Z',
    updatedAt: '2025-01-02T03:04:05.000Z',
  },
  label: 'spam',
  labels: ['spam'],
  score: 0.97,
  confidence: 0.8,
  accepted: true,
  similarity: null,
  answered: null,
};

const PLAN: PlanView = {
  createdAt: '2025-01-02T03:04:05.000Z',
  embedder: 'lexical-1',
  target: 0.95,
  level: 0.8,
  items: 3,
  seeds: 1,
  verified: 1,
  stale: false,
  questions: [
    {
      label: null,
      method: 'poisson',
      corrected: false,
      evidence: [{ method: 'poisson', corrected: false, right: 1, total: 1, low: 0.2, high: 1 }],
      rule: 'too-few',
      right: 0,
      total: 0,
      bound: 0,
      coverage: 0,
      withheld: ['ham'],
      more: 30,
    },
  ],
  labels: [{ label: 'spam', proposed: 1, accepted: 1, counts: [1] }],
  clusters: [{ id: 0, size: 1, label: 'spam', share: 1, representative: [1], borderline: [1] }],
  curve: [{ least: 0, tasks: 1, right: 1, total: 1, bound: 0.2 }],
};
