/** Rule documents: every kind of rule is read, and every mistake is named with its place. */
import { describe, expect, it } from 'vitest';
import {
  applyRules,
  checkRules,
  compileRules,
  type DocumentOptions,
  parseRules,
  resolveVotes,
} from '../../src/rules/index.ts';

const LABELS = ['ham', 'spam'];
const head = 'headstart_rules: 1\nrules:\n';

function firstProblem(
  text: string,
  options: DocumentOptions = { labels: LABELS },
): { code: string; line: number; column: number; message: string } {
  const problem = checkRules(text, options).problems.find((one) => one.severity === 'error');
  if (!problem) throw new Error('no problem found');
  return problem;
}

describe('a good document', () => {
  it('reads every kind of condition, from YAML and from JSON', () => {
    const set = parseRules(
      `headstart_rules: 1
field: body
control: verdict
fold: diacritics
description: everything
rules:
  - id: words
    label: spam
    keywords: [unsubscribe, click here, 5000]
  - id: phrases
    label: spam
    phrases: [act now]
  - id: drugs
    labels: [spam, ham]
    keywords: {list: drugs, match: prefix, fold: none, field: meta.note}
  - id: pattern
    label: spam
    regex: {pattern: "win \\\\d+", flags: ""}
    spans: {group: 0}
    priority: 3
  - id: tree
    label: ham
    when:
      all:
        - any: [{keywords: [a]}, {keywords: {words: [b], match: substring}}]
        - not: {regex: spam}
        - at_least: {min: 1, of: [{keywords: [x]}, {field: {path: meta.source, in: [web, mail]}}]}
        - count: {of: {keywords: [c]}, min: 2}
        - near: {first: {keywords: [d]}, second: {keywords: [e]}, window: 3, ordered: true}
        - within: {region: Quote, of: {keywords: [f]}}
        - field: {path: sent, after: 2024-01-01, before: "2025-01-01T00:00:00Z"}
        - field: {path: meta.tags, length: {min: 1, max: 3}}
        - fact: {path: width, min: 100}
        - score: {model: clf, label: spam, min: 0.8}
    veto: [spam]
  - id: quiet
    veto: true
    keywords: [newsletter]
    enabled: false
`,
      { labels: LABELS, lists: new Map([['drugs', ['aspirin', ' ', 'ibuprofen']]]) },
    );
    expect(set.rules.map((rule) => rule.id)).toEqual(['words', 'phrases', 'drugs', 'pattern', 'tree', 'quiet']);
    expect(set.rules[0]).toMatchObject({
      control: 'verdict',
      line: 7,
      when: { words: ['unsubscribe', 'click here', '5000'], field: 'data.body', fold: 'diacritics' },
    });
    expect(set.rules[2]!.when).toMatchObject({ words: ['aspirin', 'ibuprofen'], match: 'prefix', field: 'meta.note' });
    expect(set.rules[5]).toMatchObject({ labels: [], veto: ['*'], enabled: false });
    const json = JSON.stringify({ headstart_rules: 1, rules: [{ id: 'a', label: 'spam', regex: '\\bfree\\b' }] });
    expect(parseRules(json).rules[0]!.when).toMatchObject({ pattern: '\\bfree\\b', flags: 'i' });
  });

  it('gives a rule the same version wherever it stands, and another when its votes may change', () => {
    const version = (rule: string, rest = ''): string => parseRules(`${head}${rest}  - ${rule}`).rules.at(-1)!.version;
    const plain = version('{id: a, label: spam, keywords: [win]}');
    expect(
      version('{id: b, description: d, keywords: [win], label: spam}', '  - {id: z, label: ham, keywords: [x]}\n'),
    ).toBe(plain);
    expect(version('{id: a, label: spam, keywords: [won]}')).not.toBe(plain);
    expect(version('{id: a, label: ham, keywords: [win]}')).not.toBe(plain);
    expect(version('{id: a, label: spam, keywords: [win], priority: 1}')).not.toBe(plain);
  });

  it('takes the words of a list into the version', () => {
    const text = `${head}  - {id: a, label: spam, keywords: {list: l}}`;
    const of = (words: string[]) => parseRules(text, { lists: new Map([['l', words]]) }).rules[0]!.version;
    expect(of(['a'])).not.toBe(of(['b']));
  });

  it('reports how each regular expression will be run', () => {
    const { problems, patterns } = checkRules(
      `${head}  - {id: a, label: spam, regex: "(a+)+$"}\n  - {id: b, label: ham, regex: foo}`,
    );
    expect(problems).toMatchObject([{ severity: 'warning', code: 'RULE_UNSAFE_PATTERN', rule: 'a', line: 3 }]);
    expect(patterns.map((one) => one.verdict.safety)).toEqual(['exponential', 'linear']);
  });
});

describe('a bad document', () => {
  it.each([
    ['broken YAML', 'headstart_rules: 1\nrules:\n  - id: a\n    label: [spam\n', 'RULE_BAD_DOCUMENT', 5, 1],
    ['a tab', 'headstart_rules: 1\nrules:\n\t- id: a\n', 'RULE_BAD_DOCUMENT', 3, 1],
    ['nothing at all', '', 'RULE_BAD_DOCUMENT', 1, 1],
    ['another version', 'headstart_rules: 2\nrules: []\n', 'RULE_BAD_DOCUMENT', 1, 18],
    ['no version', 'rules: []\n', 'RULE_BAD_DOCUMENT', 1, 1],
    ['no rules', 'headstart_rules: 1\nrules: []\n', 'RULE_BAD_DOCUMENT', 2, 8],
    ['an unknown label', `${head}  - id: a\n    label: scam\n    keywords: [x]\n`, 'RULE_BAD_DOCUMENT', 4, 12],
    ['an unknown label to veto', `${head}  - {id: a, veto: [scam], keywords: [x]}\n`, 'RULE_BAD_DOCUMENT', 3, 19],
    ['an empty list', `${head}  - {id: a, label: spam, keywords: []}\n`, 'RULE_BAD_DOCUMENT', 3, 36],
    ['an empty word', `${head}  - {id: a, label: spam, keywords: ["", x]}\n`, 'RULE_BAD_DOCUMENT', 3, 37],
    [
      'a list that is not there',
      `${head}  - {id: a, label: spam, keywords: {list: nope}}\n`,
      'RULE_BAD_DOCUMENT',
      3,
      43,
    ],
    ['a bad pattern', `${head}  - id: a\n    label: spam\n    regex: ab(c\n`, 'RULE_BAD_PATTERN', 5, 16],
    [
      'an unsafe pattern',
      `${head}  - id: a\n    label: spam\n    regex: '(?=b)(a+)+$'\n`,
      'RULE_UNSAFE_PATTERN',
      5,
      13,
    ],
    ['a misspelt key', `${head}  - {id: a, lable: spam, keywords: [x]}\n`, 'RULE_BAD_DOCUMENT', 3, 13],
    ['no condition', `${head}  - {id: a, label: spam}\n`, 'RULE_BAD_DOCUMENT', 3, 5],
    ['two conditions', `${head}  - {id: a, label: spam, keywords: [x], regex: y}\n`, 'RULE_BAD_DOCUMENT', 3, 5],
    ['no label', `${head}  - {id: a, keywords: [x]}\n`, 'RULE_BAD_DOCUMENT', 3, 5],
    [
      'an id twice',
      `${head}  - {id: a, label: spam, keywords: [x]}\n  - {id: a, label: spam, keywords: [y]}\n`,
      'RULE_BAD_DOCUMENT',
      4,
      10,
    ],
    [
      'a wrong kind of value',
      `${head}  - {id: a, label: spam, keywords: [x], priority: high}\n`,
      'RULE_BAD_DOCUMENT',
      3,
      51,
    ],
    [
      'a group that is not there',
      `${head}  - {id: a, label: spam, regex: (x), spans: {group: 2}}\n`,
      'RULE_BAD_DOCUMENT',
      3,
      53,
    ],
    [
      'an alias',
      `${head}  - {id: a, label: &l spam, keywords: [x]}\n  - {id: b, label: *l, keywords: [y]}\n`,
      'RULE_BAD_DOCUMENT',
      4,
      20,
    ],
    [
      'an alias inside a value',
      `${head}  - {id: a, label: spam, field: {path: x, in: [&v web, mail]}}\n  - {id: b, label: spam, field: {path: x, in: [*v]}}\n`,
      'RULE_BAD_DOCUMENT',
      4,
      48,
    ],
    [
      'words beside a list',
      `${head}  - {id: a, label: spam, keywords: {words: [x], list: nope}}\n`,
      'RULE_BAD_DOCUMENT',
      3,
      55,
    ],
    ['two documents', `${head}  - {id: a, label: spam, keywords: [x]}\n---\n{}\n`, 'RULE_BAD_DOCUMENT', 4, 1],
    [
      'a count of something without places',
      `${head}  - {id: a, label: spam, count: {of: {not: {keywords: [x]}}}}\n`,
      'RULE_BAD_DOCUMENT',
      3,
      38,
    ],
  ] as const)('names the place of %s', (_, text, code, line, column) => {
    expect(firstProblem(text)).toMatchObject({ code, line, column });
    expect(() => parseRules(text, { labels: LABELS })).toThrow(
      expect.objectContaining({ code, details: expect.objectContaining({ line, column }) }),
    );
  });

  it('names the word of a list that holds nothing to look for', () => {
    const problem = firstProblem(`${head}  - {id: a, label: spam, keywords: {list: drugs}}\n`, {
      labels: LABELS,
      lists: new Map([['drugs', ['aspirin', '\u0301']]]),
    });
    expect(problem).toMatchObject({ line: 3, column: 43, message: expect.stringContaining("'\u0301'") });
  });

  it('reports one problem for every bad rule and keeps the good ones', () => {
    const { set, problems } = checkRules(
      `${head}  - {id: a, label: x, keywords: [x]}\n  - {id: b, label: ham, keywords: [y]}\n  - {id: c, label: ham, keywords: []}\n`,
      { labels: LABELS },
    );
    expect(problems.map((one) => [one.rule, one.line])).toEqual([
      ['a', 3],
      ['c', 5],
    ]);
    expect(set.rules.map((rule) => rule.id)).toEqual(['b']);
  });

  it('refuses too many rules, too many words, too long words and too deep nesting', () => {
    const rules = Array.from({ length: 5001 }, (_, i) => ({ id: `r${i}`, label: 'ham', keywords: ['x'] }));
    expect(firstProblem(JSON.stringify({ headstart_rules: 1, rules })).code).toBe('LIMIT_SIZE');
    expect(firstProblem(`${head}  - {id: a, label: ham, keywords: [${'x'.repeat(201)}]}`).code).toBe('LIMIT_SIZE');
    const lists = new Map([['l', Array.from({ length: 500_001 }, (_, i) => `w${i}`)]]);
    expect(() => parseRules(`${head}  - {id: a, label: ham, keywords: {list: l}}`, { lists })).toThrow(
      expect.objectContaining({ code: 'LIMIT_SIZE' }),
    );
    const deep = `${'{not: '.repeat(20)}{keywords: [x]}${'}'.repeat(20)}`;
    expect(firstProblem(`${head}  - {id: a, label: ham, when: ${deep}}`).code).toBe('LIMIT_SIZE');
  });
});

describe('large and odd input', () => {
  it('takes 5,000 rules and 100,000 keywords', () => {
    const rules = Array.from({ length: 5000 }, (_, i) => ({
      id: `r${i}`,
      label: 'ham',
      keywords: Array.from({ length: 20 }, (_, k) => `word${i}x${k}`),
    }));
    const set = parseRules(JSON.stringify({ headstart_rules: 1, rules }), { labels: LABELS });
    const { votes } = applyRules(compileRules(set.rules, LABELS), [{ data: { text: 'say WORD4999x19 and word17x3' } }]);
    expect([...votes.rules]).toEqual([17, 4999]);
  });

  it('takes one list of 100,000 words', () => {
    const lists = new Map([['all', Array.from({ length: 100_000 }, (_, i) => `w${i.toString(36)}`)]]);
    const set = parseRules(`${head}  - {id: a, label: ham, keywords: {list: all}}`, { lists });
    const { votes } = applyRules(compileRules(set.rules, LABELS), [
      { data: { text: 'w255r' } },
      { data: { text: 'nothing' } },
    ]);
    expect([...votes.tasks]).toEqual([0]);
  });

  it('scans a text of 10 MB and says which rules kept silent for its length', () => {
    const set = parseRules(
      `${head}  - {id: words, label: spam, keywords: [needle]}\n  - {id: evil, label: spam, regex: '(e+)+dle'}\n  - {id: plain, label: ham, regex: '\\bneedle$'}`,
    );
    const text = `${'hay '.repeat(2_500_000)}needle`;
    const { votes } = applyRules(compileRules(set.rules, LABELS), [{ data: { text } }]);
    expect([...votes.rules]).toEqual([0, 2]);
    expect([...votes.skipped]).toEqual([[1, 1]]);
  });

  it('survives lone surrogates, in texts and in words', () => {
    const set = parseRules(
      `${head}  - {id: a, label: spam, keywords: [win]}\n  - {id: b, label: ham, keywords: {words: ["\\uD83D\\uDC4D"], match: substring}}`,
    );
    const texts = ['\ud83d win \udc4d', '\udc4d\ud83d', 'win\ud83d', '\ud83d\udc4dwin'];
    const { votes } = applyRules(
      compileRules(set.rules, LABELS),
      texts.map((text) => ({ data: { text } })),
    );
    expect(Array.from(votes.tasks, (task, i) => [task, votes.rules[i]])).toEqual([
      [0, 0],
      [2, 0],
      [3, 0],
      [3, 1],
    ]);
  });

  it('votes nothing on a task without the field', () => {
    const set = parseRules(
      `${head}  - {id: a, label: spam, keywords: [win]}\n  - {id: b, label: ham, when: {not: {keywords: [win]}}}`,
    );
    const { votes } = applyRules(compileRules(set.rules, LABELS), [
      { data: {} },
      { data: { text: null } },
      { data: { text: 7 } },
    ]);
    expect(Array.from(votes.rules)).toEqual([1, 1, 1]);
  });
});

describe('predicates on fields, facts and scores', () => {
  const votesOn = (when: string, ...tasks: Parameters<typeof applyRules>[1]): number[] => {
    const set = parseRules(`${head}  - id: a\n    label: spam\n    when: ${when}`);
    return [...applyRules(compileRules(set.rules, LABELS), tasks).votes.tasks];
  };

  it('compares numbers, dates, lengths, presence and values', () => {
    const tasks = [
      { data: { n: 5, d: '2024-06-01', s: 'abc', o: { k: [1] } }, meta: { source: 'web' } },
      { data: { n: '12.5', d: '2023-01-01', s: '' }, meta: { source: 'mail' } },
      { data: { n: 'many' } },
    ];
    expect(votesOn('{field: {path: n, min: 5, max: 13}}', ...tasks)).toEqual([0, 1]);
    expect(votesOn('{field: {path: d, after: 2024-01-01}}', ...tasks)).toEqual([0]);
    expect(votesOn('{field: {path: s, length: {min: 1}}}', ...tasks)).toEqual([0]);
    expect(votesOn('{field: {path: meta.source, in: [web, sms]}}', ...tasks)).toEqual([0]);
    expect(votesOn('{field: {path: o.k.0, equals: 1}}', ...tasks)).toEqual([0]);
    expect(votesOn('{field: {path: s, exists: false}}', ...tasks)).toEqual([2]);
    expect(votesOn('{field: {path: n, equals: 12.5}}', ...tasks)).toEqual([1]);
    expect(votesOn('{field: {path: n, in: [5, 12.5]}}', ...tasks)).toEqual([0, 1]);
    const dotted = { data: { 'my.note': 'free', my: { note: 'other' } } };
    expect(votesOn('{keywords: {words: [free], field: my.note}}', dotted)).toEqual([0]);
    expect(votesOn('{field: {path: my.note, equals: free}}', dotted)).toEqual([0]);
    expect(votesOn('{field: {path: __proto__.constructor, exists: true}}', ...tasks)).toEqual([]);
  });

  it('reads media facts and model scores', () => {
    const facts = { width: 800, exif: { Model: 'X1' }, mean_color: [200, 10, 10], duration: 3.5 };
    const tasks = [{ data: {}, facts, scores: { clf: { spam: 0.9, ham: 0.1 }, one: { only: 0.7 } } }, { data: {} }];
    expect(votesOn('{fact: {path: width, min: 640}}', ...tasks)).toEqual([0]);
    expect(votesOn('{fact: {path: exif.Model, equals: X1}}', ...tasks)).toEqual([0]);
    expect(votesOn('{fact: {path: mean_color.0, min: 128}}', ...tasks)).toEqual([0]);
    expect(votesOn('{fact: {path: exif.Make, exists: false}}', ...tasks)).toEqual([0]);
    expect(votesOn('{score: {model: clf, label: spam, min: 0.8}}', ...tasks)).toEqual([0]);
    expect(votesOn('{score: {model: clf, label: ham, min: 0.8}}', ...tasks)).toEqual([]);
    expect(votesOn('{score: {model: one, min: 0.5}}', ...tasks)).toEqual([0]);
  });

  it('keeps silent where a fact is not known, under not and beside what holds', () => {
    const known = { data: { text: 'x' }, facts: { width: 100, brightness: null } };
    const tasks = [known, { data: { text: 'x' } }, { data: { text: 'x' }, facts: { width: null, brightness: 9 } }];
    expect(votesOn('{not: {fact: {path: width, min: 640}}}', ...tasks)).toEqual([0]);
    expect(votesOn('{not: {fact: {path: brightness, min: 50}}}', ...tasks)).toEqual([2]);
    expect(votesOn('{any: [{keywords: [x]}, {fact: {path: width, min: 640}}]}', ...tasks)).toEqual([0]);
    expect(votesOn('{not: {fact: {path: width, exists: true}}}', ...tasks)).toEqual([]);
  });

  it('refuses facts that there are not, by their path', () => {
    const problem = (path: string) =>
      checkRules(`${head}  - id: a\n    label: spam\n    when: {fact: {path: ${path}, min: 1}}`).problems[0];
    expect(problem('widht')).toMatchObject({ line: 5, column: 25, message: expect.stringMatching(/'widht'.*width/) });
    expect(problem('exif.Modle')!.message).toMatch(/'exif.Modle'.*exif\.Model/);
    for (const path of ['mean_color', 'mean_color.3', 'exif', 'width.0', '__proto__']) {
      expect(problem(path)!.message).toMatch(/no fact/);
    }
  });

  it('looks only within regions of a label', () => {
    const text = 'Dr. Win says: win now';
    const tasks = [
      { data: { text }, regions: [{ label: 'Quote', start: 14, end: 21 }] },
      { data: { text }, regions: [{ label: 'Quote', start: 0, end: 8 }] },
      { data: { text } },
    ];
    expect(votesOn('{within: {region: Quote, of: {keywords: [win]}}}', ...tasks)).toEqual([0, 1]);
    expect(votesOn('{within: {region: Quote, of: {keywords: [says]}}}', ...tasks)).toEqual([]);
  });
});

describe('veto and priority', () => {
  const standing = (rules: string, text: string): string[] => {
    const set = parseRules(head + rules);
    const compiled = compileRules(set.rules, LABELS);
    const votes = resolveVotes(compiled, applyRules(compiled, [{ data: { text } }]).votes);
    return Array.from(votes.rules, (rule) => set.rules[rule]!.id);
  };
  const BASE = '  - {id: win, label: spam, keywords: [win]}\n  - {id: mum, label: ham, keywords: [mum]}\n';

  it('lets a rule strike out the votes of others for a label', () => {
    expect(standing(`${BASE}  - {id: quoted, veto: [spam], keywords: [quote]}`, 'quote: win, mum')).toEqual(['mum']);
    expect(standing(`${BASE}  - {id: quoted, veto: true, keywords: [quote]}`, 'quote: win, mum')).toEqual([]);
    expect(standing(`${BASE}  - {id: sure, label: ham, veto: true, keywords: [sure]}`, 'sure, win, mum')).toEqual([
      'mum',
      'sure',
    ]);
  });

  it('keeps only the highest priority that is left', () => {
    expect(standing(`${BASE}  - {id: top, label: ham, priority: 5, keywords: [top]}`, 'top win')).toEqual(['top']);
    expect(
      standing(
        `${BASE}  - {id: top, label: ham, priority: 5, keywords: [top]}\n  - {id: no, veto: [ham], priority: 9, keywords: [no]}`,
        'top win no',
      ),
    ).toEqual(['win']);
    expect(
      standing(
        `${BASE}  - {id: top, label: ham, priority: 5, keywords: [top]}\n  - {id: no, veto: [ham], keywords: [no]}`,
        'top win no',
      ),
    ).toEqual(['top']);
  });
});
