/** The engine against one RegExp per keyword and pattern, on random rules and random Unicode texts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ruleVersion } from '../../src/rules/document.ts';
import {
  applyRules,
  type Condition,
  compileRules,
  mergeVotes,
  parseRules,
  type Rule,
  type RuleVotes,
  ruleChanges,
  updateVotes,
} from '../../src/rules/index.ts';
import { naiveTest } from './naive.ts';

const FIELD = 'data.text';
/** Few words, so that random texts and random rules meet. */
const WORDS = [
  'free',
  'Free',
  'FREE',
  'win',
  'winner',
  'café',
  'cafe',
  'straße',
  'привет',
  'Привет',
  '免费',
  '免',
  'ไทย',
  'x1',
  '5000',
  "can't",
  '@user',
  '#win',
  'ſ',
  'ẹ́',
  'K',
  'σίγμα',
  'ΣΊΓΜΑΣ',
  '𝒳',
  '👍',
  'a_b',
  'é',
  '??1.50',
];
const GLUE = [' ', '  ', '\n', ', ', '.', '-', '!', '', '', '👍', '\u00a0', '\ud800', '\udc00', '_', '\0'];

const word = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom(...WORDS) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 4 }) },
);
const text = fc
  .array(fc.tuple(word, fc.constantFrom(...GLUE)), { maxLength: 12 })
  .map((parts) => parts.flat().join(''));

const searchable = (value: string): boolean =>
  /[^\s\p{M}]/u.test(value) &&
  !/[\ufdd0-\ufdef\ufffe\uffff\p{Cs}]/u.test(value) &&
  !/^[\p{M}]/u.test(value) &&
  value === value.normalize('NFC');
const keyword = fc
  .oneof(
    word,
    fc.tuple(word, fc.constantFrom(' ', '-', ', '), word).map((parts) => parts.join('')),
  )
  .map((value) => value.trim())
  .filter(searchable)
  // Simple folding outside the BMP is left to the documentation.
  .filter((value) => !/[\u{10000}-\u{1ffff}]/u.test(value) || value.toLowerCase() === value.toUpperCase());
const keywords = (match: 'word' | 'prefix' | 'substring', fold: 'none' | 'case'): fc.Arbitrary<Condition> =>
  fc
    .array(keyword, { minLength: 1, maxLength: 5 })
    .map((words) => ({ kind: 'keywords', words, match, fold, field: FIELD }));
const PATTERNS: readonly [string, string][] = [
  ['( |^)(free|Free!)[^\\w]*( |$)', 'i'],
  ['\\bwin\\w*\\b', 'i'],
  ['\\bcafé\\s', 'iu'],
  ['caf', ''],
  ['\\d{3,}', ''],
  ['^free', 'im'],
  ['(?:win|free)[^]*(?:5000|x1)', ''],
  ['[а-я]+', 'iu'],
  ['(免费|привет)', 'u'],
  ['\\?\\?1\\.50', ''],
  ['\\bk\\b', 'iu'],
  ['(\\w+)-(\\w+)', ''],
  ['free$|^$', ''],
  ['(a|b)?x1', ''],
  ['\\p{L}\\p{M}', 'u'],
  ['s\\b', 'iu'],
];
const regex: fc.Arbitrary<Condition> = fc
  .constantFrom(...PATTERNS)
  .map(([pattern, flags]) => ({ kind: 'regex', pattern, flags, field: FIELD }));
const leaf = fc.oneof(
  regex,
  keywords('word', 'case'),
  keywords('word', 'none'),
  keywords('prefix', 'case'),
  keywords('substring', 'case'),
  keywords('substring', 'none'),
);
const condition: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 4, arbitrary: leaf },
  {
    weight: 1,
    arbitrary: fc.array(leaf, { minLength: 1, maxLength: 3 }).map((of): Condition => ({ kind: 'all', of })),
  },
  {
    weight: 1,
    arbitrary: fc.array(leaf, { minLength: 1, maxLength: 3 }).map((of): Condition => ({ kind: 'any', of })),
  },
  { weight: 1, arbitrary: leaf.map((of): Condition => ({ kind: 'not', of })) },
  {
    weight: 1,
    arbitrary: fc.array(leaf, { minLength: 2, maxLength: 4 }).map((of): Condition => ({ kind: 'atLeast', min: 2, of })),
  },
);

const LABELS = ['a', 'b', 'c'];

function ruleOf(when: Condition, i: number): Rule {
  const rule: Omit<Rule, 'version'> = {
    id: `r${i}`,
    description: '',
    control: '',
    labels: [LABELS[i % 3]!],
    when,
    spans: null,
    priority: 0,
    veto: [],
    enabled: true,
    line: 0,
  };
  return { ...rule, version: ruleVersion(rule) };
}

const rules = fc.array(condition, { minLength: 1, maxLength: 8 }).map((list) => list.map(ruleOf));
const tasksOf = (texts: readonly string[]) => texts.map((one) => ({ data: { text: one } }));

function pairs(votes: RuleVotes): string[] {
  return Array.from(votes.tasks, (task, i) => `${task} ${votes.rules[i]} ${votes.labels[i]}`);
}

describe('matching', () => {
  it('equals a naive loop of RegExp', () => {
    let hits = 0;
    fc.assert(
      fc.property(rules, fc.array(text, { minLength: 1, maxLength: 5 }), (set, texts) => {
        const { votes } = applyRules(compileRules(set, LABELS), tasksOf(texts));
        const wanted = texts.flatMap((one, task) =>
          set.flatMap((rule, r) => (naiveTest(rule.when, one) ? [`${task} ${r} ${r % 3}`] : [])),
        );
        expect(pairs(votes)).toEqual(wanted);
        hits += wanted.length;
      }),
      { numRuns: 300 },
    );
    // Random rules that never hit random texts would prove nothing.
    expect(hits).toBeGreaterThan(500);
  });

  it('folds accents on request, in composed and decomposed form alike', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('café', 'cafe\u0301', 'CAFE', 'Ẹ́kọ́', 'ekọ', 'naïve', 'über'),
        fc.constantFrom('cafe', 'Café', 'cafe\u0301', 'eko', 'ẹ́kọ́', 'naive', 'Über', 'uber'),
        fc.constantFrom('', ' x', 'x ', '!', 's'),
        (written, wanted, glue) => {
          const when: Condition = {
            kind: 'keywords',
            words: [wanted],
            match: 'word',
            fold: 'diacritics',
            field: FIELD,
          };
          const one = written + glue;
          const { votes } = applyRules(compileRules([ruleOf(when, 0)], LABELS), tasksOf([one]));
          expect(votes.tasks.length === 1).toBe(naiveTest(when, one));
        },
      ),
    );
  });

  it('treats composed and decomposed spellings as one word when only case is folded', () => {
    const when: Condition = { kind: 'keywords', words: ['caf\u00e9'], match: 'word', fold: 'case', field: FIELD };
    const { votes } = applyRules(
      compileRules([ruleOf(when, 0)], LABELS),
      tasksOf(['Cafe\u0301!', 'cafe', 'CAF\u00c9']),
    );
    expect([...votes.tasks]).toEqual([0, 2]);
  });

  it('takes anything but words between the words of a phrase', () => {
    const when: Condition = {
      kind: 'keywords',
      words: ['click here', '免费 wifi'],
      match: 'phrase',
      fold: 'case',
      field: FIELD,
    };
    const texts = ['Click, here!', 'click  here', 'click it here', 'clickhere', 'click heres', '立即免费WiFi'];
    const { votes } = applyRules(compileRules([ruleOf(when, 0)], LABELS), tasksOf(texts));
    expect([...votes.tasks]).toEqual([0, 1, 5]);
  });
});

describe('one result, however the work is cut', () => {
  it('gives the same bits in chunks of any size and in any order of arrival', () => {
    fc.assert(
      fc.property(
        rules,
        fc.array(text, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
        (set, texts, size) => {
          const compiled = compileRules(set, LABELS);
          const whole = applyRules(compiled, tasksOf(texts)).votes;
          const parts: RuleVotes[] = [];
          for (let first = 0; first < texts.length; first += size) {
            parts.unshift(applyRules(compiled, tasksOf(texts.slice(first, first + size)), { firstTask: first }).votes);
          }
          expect(mergeVotes(parts, texts.length)).toEqual(whole);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('gives the same bits when only changed rules are applied again', () => {
    fc.assert(
      fc.property(rules, rules, fc.array(text, { minLength: 1, maxLength: 6 }), (before, other, texts) => {
        // The new set: some old rules at other places, some new ones.
        const after = [
          ...other.map((rule) => ({ ...rule, id: `n${rule.id}` })),
          ...before.filter((_, i) => i % 2 === 0),
        ];
        const old = applyRules(compileRules(before, LABELS), tasksOf(texts)).votes;
        const changes = ruleChanges(before, after);
        expect(changes.apply.length).toBe(other.length);
        const alone = compileRules(
          changes.apply.map((i) => after[i]!),
          LABELS,
        );
        const updated = updateVotes(old, applyRules(alone, tasksOf(texts)).votes, changes);
        expect(updated).toEqual(applyRules(compileRules(after, LABELS), tasksOf(texts)).votes);
      }),
      { numRuns: 200 },
    );
  });

  it('permutes nothing but rule numbers when rules are permuted', () => {
    fc.assert(
      fc.property(rules, fc.array(text, { minLength: 1, maxLength: 6 }), (set, texts) => {
        const reversed = [...set].reverse();
        const a = applyRules(compileRules(set, LABELS), tasksOf(texts)).votes;
        const b = applyRules(compileRules(reversed, LABELS), tasksOf(texts)).votes;
        const name = (list: readonly Rule[]) => (votes: RuleVotes) =>
          Array.from(votes.tasks, (task, i) => `${task} ${list[votes.rules[i]!]!.id} ${votes.labels[i]}`).sort();
        expect(name(reversed)(b)).toEqual(name(set)(a));
      }),
      { numRuns: 200 },
    );
  });
});

describe('spans', () => {
  const marked = (yaml: string, one: string): string[] => {
    const set = parseRules(`headstart_rules: 1\nrules:\n${yaml}`);
    const { spans } = applyRules(compileRules(set.rules, ['x']), tasksOf([one])).votes;
    return Array.from(spans.starts, (start, i) => one.slice(start, spans.ends[i]));
  };

  it('gives exact UTF-16 offsets after characters outside the BMP', () => {
    expect(marked('  - {id: a, label: x, keywords: [免费, Wifi], spans: true}', '👍🏽 免费wifi 𝒳 WIFI')).toEqual([
      '免费',
      'wifi',
      'WIFI',
    ]);
  });

  it('marks a group, by number or by name, and nothing where the group took no part', () => {
    expect(
      marked("  - {id: a, label: x, regex: 'dose:? (\\d+) ?(mg)?', spans: {group: 1}}", 'dose 50 mg, dose: 7'),
    ).toEqual(['50', '7']);
    expect(
      marked("  - {id: a, label: x, regex: 'dose:? \\d+ ?(?<unit>mg)?', spans: {group: unit}}", 'dose 50 mg, dose: 7'),
    ).toEqual(['mg']);
  });

  it('marks the same places in the linear-time engine', () => {
    expect(marked("  - {id: a, label: x, regex: '(?:[a-z]+)+(\\d+)!', spans: {group: 1}}", '𝒳 abc12! de3! f4')).toEqual(
      ['12', '3'],
    );
  });

  it('includes the accents that the fold skips', () => {
    expect(
      marked('  - {id: a, label: x, keywords: {words: [cafe], fold: diacritics}, spans: true}', 'un cafe\u0301.'),
    ).toEqual(['cafe\u0301']);
  });
});

describe('conditions on places', () => {
  const votesOn = (when: string, ...texts: string[]): number[] => {
    const set = parseRules(`headstart_rules: 1\nrules:\n  - id: a\n    label: x\n    when: ${when}`);
    return [...applyRules(compileRules(set.rules, ['x']), tasksOf(texts)).votes.tasks];
  };

  it('near counts the words between, in both directions unless ordered', () => {
    const texts = ['not good', 'not very good', 'not so very very good', 'good is not', 'notgood'];
    expect(votesOn('{near: {first: {keywords: [not]}, second: {keywords: [good]}, window: 1}}', ...texts)).toEqual([
      0, 1, 3,
    ]);
    expect(
      votesOn('{near: {first: {keywords: [not]}, second: {keywords: [good]}, window: 1, ordered: true}}', ...texts),
    ).toEqual([0, 1]);
    expect(
      votesOn('{near: {first: {keywords: [not]}, second: {keywords: [good]}, window: 1, unit: chars}}', ...texts),
    ).toEqual([0]);
  });

  it('count bounds the number of matches', () => {
    expect(
      votesOn('{count: {of: {keywords: [win]}, min: 2, max: 3}}', 'win', 'win win', 'win win win', 'win win win win'),
    ).toEqual([1, 2]);
    expect(votesOn("{count: {of: {regex: '!'}, min: 3}}", '!!', '!!!')).toEqual([1]);
    expect(votesOn('{count: {of: {keywords: [win]}, min: 0, max: 0}}', 'win', 'lose')).toEqual([1]);
  });
});
