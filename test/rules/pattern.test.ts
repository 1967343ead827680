/** What the analysis says of regular expressions, and that each engine is only given what it can run. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern } from '../../src/rules/index.ts';
import { findPattern, testPattern } from '../../src/rules/pattern-run.ts';

const safetyOf = (source: string, flags = 'i') => compilePattern(source, flags).verdict.safety;

describe('verdicts', () => {
  it.each([
    '(a+)+$',
    '^(a|a)*$',
    '(.*a){12}$',
    '(a*)*b',
    '(x+x+)+y',
    '^(([a-z])+.)+[A-Z]([a-z])+$',
    '(a?){30}a{30}',
    '(.*)*x',
    '^(\\w+\\s?)*$',
  ])('calls %s exponential and never gives it to V8', (source) => {
    const pattern = compilePattern(source, '');
    expect(pattern.verdict.safety).toBe('exponential');
    expect(pattern.regexp).toBeNull();
  });

  it.each([
    '\\bfoo\\b',
    'foo|bar',
    '^a+b',
    '^(?:[a-z]+\\.)+com$',
    '^\\d{4}-\\d{2}-\\d{2}$',
    '(a|b)(c|d)',
    'colou?r',
    '\\d+',
    '(a+)+',
    '\\bfoo\\w*',
    '^[^,]*,[^,]*$',
  ])('calls %s linear', (source) => expect(safetyOf(source)).toBe('linear'));

  it.each([
    ['foo.*bar', 2],
    ['\\s+$', 2],
    ['( |^)(won)[^\\w]* ([^\\s]+ )*(cash)[^\\w]*( |$)', 2],
    ['.*a.*b', 3],
  ] as const)('calls %s polynomial of degree %i', (source, degree) => {
    expect(compilePattern(source, 'i').verdict).toMatchObject({ safety: 'polynomial', degree });
  });

  it('knows that what may follow a match can still be gone through in vain', () => {
    expect(safetyOf('a(?:(?:b+)+c)?', '')).toBe('exponential');
  });

  it('sees ambiguity that only case folding or a property class brings in', () => {
    expect(safetyOf('^(?:a|A)*$', '')).toBe('linear');
    expect(safetyOf('^(?:a|A)*$', 'i')).toBe('exponential');
    expect(safetyOf('^(?:\\p{Lu}|\\p{L})*$', 'u')).toBe('exponential');
    expect(safetyOf('^(?:\\p{L}|\\P{L})*$', 'u')).toBe('linear');
  });

  it('watches look-around and back-references, and refuses them where they are exponential too', () => {
    expect(compilePattern('(?<!not )good', 'i').verdict.safety).toBe('watched');
    expect(compilePattern('(a)\\1', '').verdict.safety).toBe('watched');
    expect(() => compilePattern('(?=x)(a+)+$', '')).toThrow(expect.objectContaining({ code: 'RULE_UNSAFE_PATTERN' }));
  });

  it('gives up on what is too tangled, on the safe side', () => {
    const source = `(?:${Array.from({ length: 150 }, (_, i) => `w${i}x`).join('|')})+!`;
    expect(['exponential', 'polynomial']).toContain(compilePattern(source, '').verdict.safety);
  });

  it('names the place of a mistake', () => {
    expect(() => compilePattern('ab(c', '')).toThrow(expect.objectContaining({ code: 'RULE_BAD_PATTERN' }));
    expect(() => compilePattern('a', 'g')).toThrow(/Flag 'g'/);
    expect(() => compilePattern('(?i:a)b', '')).toThrow(expect.objectContaining({ code: 'RULE_BAD_PATTERN' }));
    expect(() => compilePattern('a'.repeat(3000), '')).toThrow(/at most/);
  });
});

describe('engines', () => {
  const PATTERNS: readonly [string, string][] = [
    ['(?:a+)+b', 'i'],
    ['(?:\\w+\\s?)*!', ''],
    ['(?:\\s*é?)*x', 'iu'],
    ['^(?:.|a)*$', ''],
    ['(?:[^a]|b)*c$', 's'],
    ['(?:ſ|s)+k', 'iu'],
    ['(?:\\p{L}+)*\\d', 'u'],
    ['\\b(?:a|a)+\\b', ''],
    ['(?:(a)|b|ab)+c', ''],
  ];

  it('finds in the linear-time engine what V8 finds', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...PATTERNS),
        fc.array(
          fc.constantFrom(
            'a',
            'b',
            'ab',
            'c',
            'x',
            's',
            'k',
            'K',
            'ſ',
            'é',
            ' ',
            '\u00a0',
            '\n',
            '\u2028',
            '!',
            '1',
            'É',
            '😀',
          ),
          { maxLength: 9 },
        ),
        ([source, flags], parts) => {
          const text = parts.join('');
          const pattern = compilePattern(source, flags);
          expect(pattern.verdict.safety).toBe('exponential');
          // Without `u`, V8 splits what lies beyond the BMP in two; the linear engine never does.
          const regexp = new RegExp(source, flags.includes('u') ? flags : `${flags}u`);
          expect(testPattern(pattern, text)).toBe(regexp.test(text));
          const places = [...text.matchAll(new RegExp(regexp.source, `${regexp.flags}g`))].flatMap((match) =>
            match[0] === '' ? [] : [match.index, match.index + match[0].length],
          );
          expect(findPattern(pattern, text, 0)).toEqual(places);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('hands polynomial patterns to the linear engine beyond their cap, and skips what is too long for both', () => {
    const pattern = compilePattern('foo.*bar', '');
    expect(testPattern(pattern, `${'x'.repeat(10_000)}foo bar`)).toBe(true);
    expect(testPattern(pattern, `${'x'.repeat(60_000)}foo bar`)).toBeUndefined();
    expect(testPattern(compilePattern('foo', ''), `${'x'.repeat(1_000_000)}foo`)).toBe(true);
  });

  it('answers an evil pattern on 50,000 characters', () => {
    expect(testPattern(compilePattern('^(a+)+$', ''), `${'a'.repeat(49_999)}!`)).toBe(false);
  });
});
