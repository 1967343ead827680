/** Which votes of rules count after any history of runs, and how rules are added to a document. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendRules, idFrom } from '../../src/app/rules/edit.ts';
import { countingVotes, type RuleRunParams, reusable, rulesInForce } from '../../src/app/rules/runs.ts';
import type { Run, Vote } from '../../src/core/domain.ts';
import { parseRules } from '../../src/rules/index.ts';

const AT = '2026-01-01T00:00:00.000Z';

function run(id: number, params: Partial<RuleRunParams>, change: Partial<Run> = {}): Run {
  const all = { document: 1, from: 0, to: 10, labelers: [1], applied: [1], sources: [], root: null, interacts: false };
  return {
    id,
    projectId: 1,
    kind: 'rules',
    labelerId: null,
    summary: '',
    params: { ...all, ...params },
    state: 'done',
    written: 0,
    createdAt: AT,
    finishedAt: AT,
    revokedAt: null,
    ...change,
  };
}

const vote = (runId: number, labelerId: number): Vote => ({ runId, taskId: 1, labelId: 1, labelerId, score: 1 });
const counted = (votes: Vote[], runs: Run[], faults: number[] = []) =>
  countingVotes(
    votes,
    runs,
    rulesInForce(
      runs,
      faults.map((labelerId) => ({ labelerId, error: { code: 'RULE_FAULT', message: '', details: {} } })),
    ),
  );

describe('votes that count', () => {
  const first = run(1, { labelers: [1, 2], applied: [1, 2] });
  const second = run(2, { labelers: [1, 3], applied: [3], sources: [1] });
  const votes = [vote(1, 1), vote(1, 2), vote(2, 3)];

  it('are those of the newest document: kept ones from the run before, changed ones from its own', () => {
    expect(counted(votes, [first, second])).toEqual([vote(1, 1), vote(2, 3)]);
  });

  it('are those of the run before when the newest was undone', () => {
    expect(counted(votes, [first, { ...second, revokedAt: AT }])).toEqual([vote(1, 1), vote(1, 2)]);
  });

  it('are none of a run that has not ended', () => {
    expect(counted(votes, [first, { ...second, state: 'running' }])).toEqual([vote(1, 1), vote(1, 2)]);
    expect(counted([vote(1, 1)], [{ ...first, state: 'running' }])).toEqual([]);
  });

  it('are none of a version that failed, whichever run wrote them', () => {
    expect(counted(votes, [first, second], [1])).toEqual([vote(2, 3)]);
  });

  it('on new tasks vanish with the run that they extend', () => {
    const more = run(3, { labelers: [1, 2], applied: [1, 2], from: 10, to: 12, root: 1 });
    const all = [...votes.slice(0, 1), vote(3, 2)];
    expect(counted(all, [first, more])).toEqual(all);
    expect(counted(all, [{ ...first, revokedAt: AT }, more])).toEqual([]);
  });

  it('of other machines are not touched', () => {
    const prelabel = { ...run(9, {}), kind: 'prelabel' as const };
    const own: Vote = { runId: 9, taskId: 1, labelId: 1, score: 0.7 };
    expect(counted([own], [prelabel])).toEqual([own]);
  });
});

describe('what a new document can take over', () => {
  it('is what has seen every task before its end, without a gap', () => {
    const runs = [
      run(1, { labelers: [1, 2], applied: [1, 2], to: 10 }),
      run(2, { labelers: [1, 3], applied: [3], to: 10, sources: [1] }),
      run(3, { labelers: [1, 3], applied: [1, 3], from: 10, to: 15, root: 2 }),
    ];
    expect(reusable(runs)).toEqual({ labelers: new Set([1, 3]), sources: [1, 2, 3], to: 15 });
    const undone = runs.map((one) => (one.id === 1 ? { ...one, revokedAt: AT } : one));
    expect(reusable(undone).labelers).toEqual(new Set([3]));
  });

  it('is nothing of rules that strike out each other', () => {
    expect(reusable([run(1, { interacts: true })]).labelers.size).toBe(0);
  });
});

it('the first document of the guide is in order', () => {
  const guide = readFileSync(resolve(import.meta.dirname, '../../docs/rules-guide.md'), 'utf8');
  const [, document] = /```yaml\n([\s\S]*?)```/.exec(guide)!;
  expect(parseRules(document!, { labels: ['spam', 'ham'] }).rules.map((rule) => rule.id)).toEqual(['offers', 'plans']);
});

describe('adding rules to a document', () => {
  const rule = (id: string, words: string[]) => ({
    id,
    labels: ['spam'],
    when: { kind: 'keywords' as const, words, match: 'word' as const, fold: 'case' as const, field: 'data.text' },
    spans: null,
  });

  it('leaves every character of the author in place, comments included', () => {
    const before = 'headstart_rules: 1  # ours\nrules:\n   # greedy\n   - {id: a,  label: ham, keywords: [x]} # odd\n';
    const { document, ids } = appendRules(before, [rule('a', ['y'])]);
    expect(ids).toEqual(['a-2']);
    for (const line of before.trimEnd().split('\n')) expect(document).toContain(line);
    expect(parseRules(document).rules.map((one) => one.id)).toEqual(['a', 'a-2']);
  });

  it('begins a document, and adds to JSON', () => {
    const { document } = appendRules(undefined, [rule('a', ['y'])]);
    expect(parseRules(document).rules).toMatchObject([{ id: 'a', when: { words: ['y'] } }]);
    const json = '{"headstart_rules": 1, "rules": [{"id": "b", "label": "ham", "keywords": ["x"]}]}';
    expect(parseRules(appendRules(json, [rule('a', ['y'])]).document).rules.map((one) => one.id)).toEqual(['b', 'a']);
  });

  it('keeps any words as they are, and gives ids that a document may hold', () => {
    const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).map((text) => `x${text.trim()}`);
    fc.assert(
      fc.property(fc.uniqueArray(words, { minLength: 1, maxLength: 5 }), (list) => {
        const { document } = appendRules(undefined, [rule(idFrom(list[0]!), list)]);
        expect(parseRules(document).rules[0]!.when).toMatchObject({ words: list });
      }),
      { numRuns: 50, seed: 1 },
    );
    expect(idFrom('हिंदी में!')).toBe('हिंदी-में');
    expect(idFrom(`a${'𝒳'.repeat(40)}`)).toMatch(/^a𝒳+$/u);
  });

  it('names the place where a document is broken', () => {
    expect(() => appendRules('rules: [', [])).toThrow(/not valid YAML/);
    expect(() => appendRules('rules: 3', [])).toThrow(/no list of rules/);
  });
});
