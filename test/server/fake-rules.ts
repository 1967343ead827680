/** Rules of the fake App: one document per project, and answers in the right form. */
import type { RulePreview, RulesApi, RuleTask } from '../../src/app/rules/api.ts';
import type { Job, RuleDocument } from '../../src/core/domain.ts';
import { AppError } from '../../src/core/errors.ts';
import { checkRules, ruleSchema, ruleSet } from '../../src/rules/index.ts';

export const RULES = 'headstart_rules: 1\nrules:\n  - {id: prize, label: spam, regex: "pri[sz]e"}\n';

/** `changed` is told of every call that would change something. */
export function fakeRules(changed: (call: string) => void, job: () => Job): RulesApi {
  const document = (projectId: number, number = 1): RuleDocument => ({
    id: projectId,
    projectId,
    number,
    version: 'abcdef012345',
    text: RULES,
    lists: { cities: ['Oslo'] },
    ruleCount: 1,
    patterns: [{ rule: 'prize', line: 3, pattern: 'pri[sz]e', safety: 'linear', reason: 'Simple.', charsMax: 1e6 }],
    createdAt: '2025-01-02T03:04:05.000Z',
  });
  return {
    schema: async () => ruleSchema({ labels: ['spam', 'ham'] }),
    check: async (_projectId, { text }) => checkRules(text, { labels: ['spam', 'ham'] }),
    async save(projectId, { text }) {
      changed(`save rules ${projectId}`);
      return { ...document(projectId), text };
    },
    list: async (projectId) => [document(projectId)],
    async get(projectId, number) {
      if ((number ?? 1) !== 1) throw new AppError('NOT_FOUND', `There is no rule document ${number}.`);
      return document(projectId);
    },
    import: async () => ({ document: RULES, rules: 1, skipped: [{ line: 2, reason: 'POS has no counterpart' }] }),
    promote: async () => ({ document: RULES, rule: ruleSet([]).version }),
    preview: async () => PREVIEW,
    report: async () => PREVIEW,
    diff: async () => ({
      tasks: 1,
      gained: 1,
      lost: 0,
      flipped: 0,
      examples: { gained: [TASK], lost: [], flipped: [] },
      changed: ['prize'],
      removed: [],
      media: null,
    }),
    suggest: async () => [
      {
        text: 'prize',
        kind: 'keyword',
        tasks: 4,
        correct: 4,
        interval: { low: 0.5, high: 1 },
        coverage: 0.2,
        score: 0.1,
      },
    ],
    labelModels: async () => [
      {
        control: 'label',
        version: 'abc',
        name: 'majority',
        reason: 'Too few.',
        tasks: 2,
        annotated: 1,
        voters: [{ labeler: 'rule:a@1', accuracy: null }],
        createdAt: '2026-01-01T00:00:00.000Z',
      },
    ],
    async apply(projectId) {
      changed(`apply rules ${projectId}`);
      return job();
    },
  };
}

const TASK: RuleTask = {
  taskId: 1,
  text: 'a prize',
  votes: [{ rule: 'prize', label: 'spam' }],
  matches: [{ rule: 'prize', field: 'data.text', start: 2, end: 7 }],
  annotated: ['spam'],
  facts: [],
  media: null,
};

const PREVIEW: RulePreview = {
  tasks: 1,
  annotated: 1,
  coverage: 1,
  overlap: 0,
  conflict: 0,
  accuracy: null,
  spans: null,
  media: null,
  rules: [
    {
      id: 'prize',
      version: 'abcdef012345',
      line: 3,
      enabled: true,
      labels: ['spam'],
      hits: 1,
      coverage: 1,
      overlap: 0,
      conflict: 0,
      precision: { n: 1, hits: 1, share: 1, low: 0.2, high: 1 },
      estimated: 0.9,
      counts: 'tasks',
      covers: 1,
      flips: 0,
      msPerMillionChars: 1.5,
      fault: null,
      skipped: 0,
    },
  ],
  conflicts: [{ a: 'prize', b: 'win', tasks: 1 }],
  lists: { hits: [TASK], conflicts: [], misses: [] },
  ms: 12.5,
};
