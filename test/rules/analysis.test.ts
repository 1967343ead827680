/** Figures of rules, suggestions, imports, and the golden run of 73 real rules. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  analyseVotes,
  applyRules,
  compileRules,
  contestedTasks,
  diffVotes,
  parseRules,
  ruleLists,
  rulesFromCsv,
  rulesFromSpacy,
  suggestKeywords,
  suggestSpanWords,
  wilsonInterval,
} from '../../src/rules/index.ts';

const LABELS = ['ham', 'spam'];
const HEAD = 'headstart_rules: 1\nrules:\n';

function votesOf(rules: string, texts: readonly string[]) {
  const set = parseRules(HEAD + rules, { labels: LABELS });
  return applyRules(
    compileRules(set.rules, LABELS),
    texts.map((text) => ({ data: { text } })),
  ).votes;
}

const FOUR = `  - {id: free, label: spam, keywords: [free]}
  - {id: win, label: spam, keywords: [win]}
  - {id: mum, label: ham, keywords: [mum]}
  - {id: never, label: ham, keywords: [zzz]}
`;
const TEXTS = ['free win', 'free', 'free mum', 'mum', 'nothing', 'win mum free'];
const MUM = { rule: 2, labels: [0], spans: false };
const TRUTH = Int32Array.of(1, 1, 0, 0, 0, -1);

describe('analysis', () => {
  const report = analyseVotes(votesOf(FOUR, TEXTS), 4, 2, TRUTH);

  it('counts coverage, overlap and conflict', () => {
    expect(report).toMatchObject({ taskCount: 6, coverage: 5 / 6, overlap: 3 / 6, conflict: 2 / 6 });
    expect(report.rules[0]).toMatchObject({ hits: 4, coverage: 4 / 6, overlap: 3 / 6, conflict: 2 / 6, labels: [1] });
    expect(report.rules[3]).toMatchObject({ hits: 0, coverage: 0, labels: [], checked: 0 });
    expect([...report.conflicts]).toEqual([0, 0, 2, 0, 0, 0, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('measures precision on annotations with its uncertainty, and the accuracy of the set with ties shared', () => {
    expect(report.rules[0]).toMatchObject({ checked: 3, correct: 2, precision: 2 / 3 });
    expect(report.rules[0]!.interval).toEqual(wilsonInterval(2, 3));
    expect(report.rules[3]!.precision).toBeNaN();
    expect(report.accuracy).toBe((1 + 1 + 0.5 + 1) / 4);
  });

  it('says what each rule adds: tasks only it covers, and answers that it turns', () => {
    expect(report.rules.map((rule) => rule.covers)).toEqual([1, 0, 1, 0]);
    expect(report.rules.map((rule) => rule.flips)).toEqual([2, 1, 1, 0]);
  });

  it('lists hits, conflicts and misses', () => {
    expect(ruleLists(votesOf(FOUR, TEXTS), MUM, TRUTH)).toEqual({ hits: [2, 3, 5], conflicts: [2, 5], misses: [4] });
    expect(ruleLists(votesOf(FOUR, TEXTS), MUM, TRUTH, { limit: 1 }).hits).toEqual([2]);
    // Task 2 is annotated against `free`; in 5, which nobody has annotated, rules contradict each other.
    expect(contestedTasks(votesOf(FOUR, TEXTS), TRUTH)).toEqual([2, 5]);
    expect(contestedTasks(votesOf(FOUR, TEXTS), TRUTH, { limit: 1 })).toEqual([2]);
  });

  it('takes labels that may hold together for no contradiction, and an answer of none of them for an answer', () => {
    const votes = votesOf(FOUR, TEXTS);
    const truth = [[1], [], [0, 1], [0], [], []];
    const { rules, conflict, conflicts, accuracy } = analyseVotes(votes, 4, 2, truth, true);
    expect({ conflict, accuracy }).toEqual({ conflict: 0, accuracy: (1 + 0 + 1 + 1 + 0) / 5 });
    expect(Math.max(...conflicts)).toBe(0);
    expect(rules.map(({ checked, correct }) => [checked, correct])).toEqual([
      [4, 2],
      [2, 1],
      [3, 2],
      [0, 0],
    ]);
    expect(ruleLists(votes, MUM, truth, { several: true })).toEqual({ hits: [2, 3, 5], conflicts: [5], misses: [] });
    expect(contestedTasks(votes, truth, { several: true })).toEqual([1, 5]);
    const after = votesOf(FOUR.replace('[free]', '[free, mum]'), TEXTS);
    expect(diffVotes(votes, after, true)).toEqual({ gained: [], lost: [], flipped: [3] });
  });

  it('compares two versions', () => {
    const after = votesOf(FOUR.replace('[free]', '[nothing]').replace('[mum]', '[mum, win]'), TEXTS);
    expect(diffVotes(votesOf(FOUR, TEXTS), after)).toEqual({ gained: [4], lost: [1], flipped: [0, 2, 5] });
  });
});

describe('of rules that mark spans', () => {
  const spanLabels = ['Drug', 'City'];
  const set = parseRules(
    `${HEAD}  - {id: drugs, label: Drug, spans: true, keywords: [aspirin, plus]}
  - {id: took, label: Drug, spans: {group: 1}, regex: 'took (\\w+)'}
  - {id: places, label: City, spans: true, keywords: [Berlin, plus]}
  - {id: ends, label: Drug, spans: true, keywords: [end]}
`,
    { labels: spanLabels },
  );
  const texts = ['took aspirin in Berlin', 'aspirin', 'took aspirin plus', 'none', 'took aspirin', 'end', 'Berlin'];
  const votes = applyRules(
    compileRules(set.rules, spanLabels),
    texts.map((text) => ({ data: { text } })),
  ).votes;
  const place = (task: number, word: string, label: number) => {
    const start = texts[task]!.indexOf(word);
    return { label, start, end: start + word.length };
  };
  const seen = (...places: ReturnType<typeof place>[]) => ({ labels: null, places });
  const truth = [
    seen(place(0, 'aspirin', 0), place(0, 'Berlin', 1)),
    seen(), // People looked and marked nothing: what is marked here is wrong.
    seen(place(2, 'aspirin plus', 0)),
    seen(place(3, 'none', 1)),
    { labels: null, places: null },
    { labels: [0], places: null },
    seen(),
  ];
  const report = analyseVotes(votes, 4, 2, truth);

  it('counts each span, right when people marked exactly it, wrong where they marked none', () => {
    // aspirin right, aspirin in task 1 wrong, aspirin and plus in task 2 shorter than what was marked; task 4 unknown.
    expect(report.rules[0]).toMatchObject({ checked: 4, correct: 1, precision: 0.25, interval: wilsonInterval(1, 4) });
    expect(report.rules[1]).toMatchObject({ checked: 2, correct: 1 });
    expect(report.rules[2]).toMatchObject({ checked: 3, correct: 1 });
    expect(report.rules[3]).toMatchObject({ checked: 0, precision: Number.NaN });
    expect(report.spans).toEqual({ marked: 7, correct: 2, wanted: 4 });
    expect(report.accuracy).toBeNaN();
  });

  it('lets rules meet only where their places overlap', () => {
    expect(report.conflict).toBe(1 / 7);
    expect(report.rules.map((rule) => rule.conflict * 7)).toEqual([1, 0, 1, 0]);
    expect(report.rules.map((rule) => rule.overlap * 7)).toEqual([3, 3, 1, 0]);
    expect(report.rules.map((rule) => rule.covers)).toEqual([1, 0, 2, 1]);
    expect(report.rules.map((rule) => rule.flips)).toEqual([0, 0, 0, 0]);
  });

  it('lists spans that nobody marked so, and marked ones that were not found', () => {
    const listed = (rule: number, label: number) => ruleLists(votes, { rule, labels: [label], spans: true }, truth);
    expect(listed(0, 0)).toEqual({ hits: [0, 1, 2, 4], conflicts: [1, 2], misses: [2] });
    expect(listed(2, 1)).toEqual({ hits: [0, 2, 6], conflicts: [2, 6], misses: [3] });
  });

  it('sees that a new version marks other places under the same label', () => {
    const moved = parseRules(`${HEAD}  - {id: took, label: Drug, spans: true, regex: 'took (\\w+)'}\n`, {
      labels: spanLabels,
    });
    const old = parseRules(`${HEAD}  - {id: took, label: Drug, spans: {group: 1}, regex: 'took (\\w+)'}\n`, {
      labels: spanLabels,
    });
    const [before, after] = [old, moved].map(
      ({ rules }) =>
        applyRules(
          compileRules(rules, spanLabels),
          texts.map((text) => ({ data: { text } })),
        ).votes,
    );
    expect(diffVotes(before!, after!)).toEqual({ gained: [], lost: [], flipped: [0, 2, 4] });
    expect(diffVotes(before!, before!).flipped).toEqual([]);
  });

  it('keeps labels of the task and of places apart', () => {
    const mixed = parseRules(
      `${HEAD}  - {id: whole, label: City, keywords: [aspirin]}
  - {id: place, label: Drug, spans: true, keywords: [aspirin]}\n`,
      { labels: spanLabels },
    );
    const both = applyRules(compileRules(mixed.rules, spanLabels), [{ data: { text: 'aspirin' } }]).votes;
    const known = [{ labels: [1], places: [{ label: 0, start: 0, end: 7 }] }];
    const { rules, conflict, accuracy } = analyseVotes(both, 2, 2, known);
    expect({ conflict, accuracy }).toEqual({ conflict: 0, accuracy: 1 });
    expect(rules.map(({ checked, correct }) => [checked, correct])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(ruleLists(both, { rule: 1, labels: [0], spans: true }, known)).toEqual({
      hits: [0],
      conflicts: [],
      misses: [],
    });
  });
});

describe('Wilson interval', () => {
  it('has the values of the literature', () => {
    // Newcombe 1998, table I: 81/263, 15/148, 0/20, 1/29.
    for (const [hits, n, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const) {
      const interval = wilsonInterval(hits, n);
      expect(interval.low).toBeCloseTo(low, 4);
      expect(interval.high).toBeCloseTo(high, 4);
    }
    expect(wilsonInterval(0, 0)).toEqual({ low: 0, high: 1 });
  });

  it('holds the share and narrows with more rows', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), (a, b) => {
        const { low, high } = wilsonInterval(a, a + b);
        const wide = wilsonInterval(a * 4, (a + b) * 4);
        if (a + b === 0) return;
        expect(low).toBeLessThanOrEqual(a / (a + b) + 1e-12);
        expect(high).toBeGreaterThanOrEqual(a / (a + b) - 1e-12);
        expect(wide.high - wide.low).toBeLessThan(high - low);
      }),
    );
  });
});

describe('suggestions', () => {
  const texts = [
    ...Array.from({ length: 20 }, (_, i) => `Click here to claim prize number ${i}`),
    ...Array.from({ length: 20 }, (_, i) => `see you here tomorrow at ${i}`),
  ];
  const truth = texts.map((_, i) => (i < 20 ? 1 : 0));

  it('ranks by sure precision times coverage, and leaves out echoes and common words', () => {
    const found = suggestKeywords(texts, truth, 1);
    expect(found.map((one) => one.text)).toEqual(expect.arrayContaining(['to', 'claim', 'click', 'prize']));
    expect(found.map((one) => one.text)).not.toContain('here');
    expect(found.map((one) => one.text)).not.toContain('click here');
    expect(found[0]).toMatchObject({
      kind: 'keyword',
      tasks: 20,
      correct: 20,
      coverage: 1,
      interval: wilsonInterval(20, 20),
    });
    expect(found.every((one, i) => i === 0 || found[i - 1]!.score >= one.score)).toBe(true);
  });

  it('suggests a phrase where its words alone do not do', () => {
    const mixed = [
      ...texts,
      ...Array.from({ length: 20 }, () => 'click there to win'),
      ...Array.from({ length: 20 }, () => 'claim to be prize number fighter'),
    ];
    const found = suggestKeywords(mixed, [...truth, ...Array.from({ length: 40 }, () => 0)], 1);
    expect(found[0]).toMatchObject({ kind: 'phrase', correct: 20, tasks: 20 });
  });

  it('keeps to the words of one text when there is one', () => {
    const found = suggestKeywords(texts, truth, 1, { within: 'Please CLICK on the prize' });
    expect(found.map((one) => one.text).sort()).toEqual(['click', 'prize']);
    expect(suggestKeywords(texts, truth, 1, { within: 'nothing of the kind' })).toEqual([]);
  });

  it('for spans are the words that people marked, held against everywhere else that they stand', () => {
    const notes = [
      'took aspirin and slept',
      'Aspirin, then folic acid',
      'folic acid in May',
      'may help: aspirin',
      'may or may not',
    ];
    const places = (text: string, ...words: string[]) =>
      words.map((word) => ({ start: text.indexOf(word), end: text.indexOf(word) + word.length }));
    const marked = [['aspirin'], ['Aspirin', 'folic acid'], ['folic acid', 'May'], ['aspirin'], []].map((words, i) =>
      places(notes[i]!, ...words),
    );
    const found = suggestSpanWords(notes, marked);
    expect(found.map(({ text, kind, correct, tasks }) => [text, kind, correct, tasks])).toEqual([
      ['aspirin', 'keyword', 3, 3],
      ['folic acid', 'phrase', 2, 2],
      ['may', 'keyword', 1, 4],
    ]);
    expect(found[0]).toMatchObject({ coverage: 0.5, interval: wilsonInterval(3, 3) });
    expect(suggestSpanWords(notes, marked, { within: notes[2]! }).map((one) => one.text)).toEqual([
      'folic acid',
      'may',
    ]);
  });

  it('leaves out what rules know already', () => {
    expect(suggestKeywords(texts, truth, 1, { known: new Set(['claim']) }).map((one) => one.text)).not.toContain(
      'claim',
    );
  });
});

describe('imports', () => {
  it('reads label,word lists', () => {
    const rules = rulesFromCsv('label,word\nspam,unsubscribe\nspam,"click, here"\nham,mum\n', { labels: LABELS });
    expect(rules.map((rule) => [rule.labels[0], rule.when])).toMatchObject([
      ['spam', { words: ['unsubscribe', 'click, here'] }],
      ['ham', { words: ['mum'] }],
    ]);
    expect(() => rulesFromCsv('spam,a\nscam,b\n', { labels: LABELS })).toThrow(
      expect.objectContaining({ code: 'INPUT_BAD_ROW', details: { row: 2, reason: expect.stringContaining('scam') } }),
    );
    expect(() => rulesFromCsv('label,word\n')).toThrow(expect.objectContaining({ code: 'INPUT_EMPTY' }));
    expect(() => rulesFromCsv('spam,"a\n')).toThrow(expect.objectContaining({ code: 'INPUT_BAD_ROW' }));
  });

  it('reads what maps of spaCy patterns and names the rest', () => {
    const lines = [
      { label: 'ORG', pattern: 'Apple' },
      { label: 'GPE', pattern: [{ LOWER: 'san' }, { LOWER: 'francisco' }] },
      { label: 'MONEY', pattern: [{ ORTH: '$' }, { IS_DIGIT: true }, { LOWER: { IN: ['million', 'bn'] }, OP: '?' }] },
      { label: 'ORG', pattern: [{ LEMMA: 'be' }] },
      { label: 'ORG', pattern: [{ LOWER: 'x', OP: '!' }] },
    ];
    const { rules, skipped } = rulesFromSpacy(lines.map((one) => JSON.stringify(one)).join('\n'));
    expect(skipped.map((one) => one.line)).toEqual([4, 5]);
    expect(skipped[0]!.reason).toMatch(/LEMMA/);
    const text = 'Apple paid $ 5 million in San  Francisco, not $7 or apple';
    const { spans } = applyRules(compileRules(rules, ['ORG', 'GPE', 'MONEY']), [{ data: { text } }]).votes;
    expect(Array.from(spans.starts, (start, i) => [text.slice(start, spans.ends[i]), spans.labels[i]]).sort()).toEqual([
      ['$ 5 million', 2],
      ['$7', 2],
      ['Apple', 0],
      ['San  Francisco', 1],
    ]);
    expect(() => rulesFromSpacy('{"label": "A"}')).toThrow(
      expect.objectContaining({ code: 'INPUT_BAD_ROW', details: expect.objectContaining({ row: 1 }) }),
    );
  });
});

describe('tokens of spaCy', () => {
  const found = (pattern: unknown, text: string): string[] => {
    const { rules } = rulesFromSpacy(JSON.stringify({ label: 'A', pattern }));
    const { spans } = applyRules(compileRules(rules, ['A']), [{ data: { text } }]).votes;
    return Array.from(spans.starts, (start, i) => text.slice(start, spans.ends[i]));
  };

  it.each([
    ['an expression inside a token', [{ TEXT: { REGEX: '^[Uu]' } }], 'Uber, for user42', ['Uber', 'user42']],
    ['one at its end', [{ TEXT: { REGEX: 'ing$' } }], 'sing a ring-tone, ingot', ['sing', 'ring']],
    ['anchors of one branch each', [{ TEXT: { REGEX: '^a|b$' } }], 'ab ax xb xax', ['ab', 'ax', 'xb']],
    ['one for lower case', [{ LOWER: { REGEX: 'colou?r' } }], 'COLOUR Color dolor', ['COLOUR', 'Color']],
    ['neighbours that are two words', [{ TEXT: 'New' }, { TEXT: 'York' }], 'NewYork New York', ['New York']],
    ['punctuation behind a word', [{ IS_PUNCT: true }], 'hello! (you)', ['!', '(', ')']],
    ['any characters of one token', [{ TEXT: { REGEX: '^.+ing$' } }], 'we were going and sing', ['going', 'sing']],
    ['all but some', [{ TEXT: { REGEX: '^[^x]+ing$' } }], 'we are going', ['going']],
    ['all but digits', [{ TEXT: { REGEX: '^\\D+1$' } }], 'a bc1', ['bc1']],
    ['all but words', [{ TEXT: { REGEX: '^a\\W+b$' } }], 'a b a--b', ['a--b']],
    ['a point', [{ TEXT: { REGEX: '^a\\.b[.]c$' } }], 'axb.c a.b.c', ['a.b.c']],
    ['a mark of a letter', [{ TEXT: { REGEX: '^e' } }], 'e\u0301t\u0301e x', ['e\u0301t\u0301e']],
  ])('finds %s', (_, pattern, text, expected) => {
    expect(found(pattern, text)).toEqual(expected);
  });

  it.each([
    ['two conditions on one text', [{ LOWER: { IN: ['a'], NOT_IN: ['b'] } }], /several conditions/],
    ['nothing to look for', '', /empty/],
    ['blanks inside a token', [{ TEXT: { REGEX: '^a\\s+b$' } }], /"\\\\s".*blanks/],
    ['a blank in brackets', [{ TEXT: { REGEX: '^a[ -]b$' } }], /"\[ -\]".*blanks/],
    ['brackets that hold blanks', [{ TEXT: { REGEX: '^a[\\S\\W]b$' } }], /blanks/],
    ['lower case beside a name in capitals', [{ LOWER: { REGEX: 'x' } }, { TEXT: 'Y' }], /upper from lower/],
  ])('leaves out %s', (_, pattern, reason) => {
    const { rules, skipped } = rulesFromSpacy(`\ufeff${JSON.stringify({ label: 'A', pattern })}\r\n`);
    expect(rules).toEqual([]);
    expect(skipped).toEqual([{ line: 1, reason: expect.stringMatching(reason) }]);
  });
});

const SMS = resolve(import.meta.dirname, '../../../shared/data/text/sms-spam');

describe.skipIf(!existsSync(SMS) && process.env.CI !== 'true')('73 real rules (../shared/data/text/sms-spam)', () => {
  it('cover 38.4 % of the test messages and are right on 95 % of them', () => {
    const lines = readFileSync(resolve(SMS, 'rules.jsonl'), 'utf8').trim().split('\n');
    const rules = lines.map((line) => {
      const { id, label, pattern, flags } = JSON.parse(line) as {
        id: number;
        label: string;
        pattern: string;
        flags: string;
      };
      return { id: `r${id}`, label, regex: { pattern, flags } };
    });
    const rows = parse(readFileSync(resolve(SMS, 'test.csv')), { columns: true }) as { text: string; label: string }[];
    const set = parseRules(JSON.stringify({ headstart_rules: 1, rules }), { labels: LABELS });
    const compiled = compileRules(set.rules, LABELS);
    expect(compiled.always.length).toBe(0);
    const { votes } = applyRules(
      compiled,
      rows.map(({ text }) => ({ data: { text } })),
    );
    const report = analyseVotes(
      votes,
      rules.length,
      2,
      Int32Array.from(rows, ({ label }) => LABELS.indexOf(label)),
    );
    expect(votes.tasks.length).toBe(233);
    expect(report.coverage).toBeCloseTo(0.384, 2);
    expect(report.accuracy).toBeGreaterThanOrEqual(0.95);
    for (const [i, { text }] of rows.entries()) {
      const own = new Set(Array.from(votes.tasks, (task, v) => (task === i ? votes.rules[v] : undefined)));
      rules.forEach(({ regex }, r) => {
        if (new RegExp(regex.pattern, regex.flags).test(text) !== own.has(r)) throw new Error(`rule ${r} on ${text}`);
      });
    }
  });
});
