/** Running a pattern on a text in whichever engine its verdict allows for that length. */
import { LIMITS } from '../core/limits.ts';
import type { Pattern } from './pattern.ts';
import { NotTranslatable } from './pattern-linear.ts';

export type EngineChoice = 'backtrack' | 'linear' | 'skip';

export function engineFor(pattern: Pattern, chars: number): EngineChoice {
  const { verdict } = pattern;
  if (pattern.regexp !== null && chars <= verdict.backtrackChars) return 'backtrack';
  return pattern.linear !== null && chars <= verdict.charsMax ? 'linear' : 'skip';
}

/** Does the pattern match somewhere? `undefined` when the text is too long for it. */
export function testPattern(pattern: Pattern, text: string): boolean | undefined {
  const engine = engineFor(pattern, text.length);
  if (engine === 'backtrack') return pattern.regexp!.test(text);
  if (engine === 'skip') return undefined;
  return linearly(pattern, (linear) => linear().test(text));
}

/**
 * Every match as [start, end, start, end, ...] in UTF-16 units, at most `LIMITS.ruleMatchesMax` of them, empty ones left
 * out; `group` 0 is the whole match, and a group that took no part gives nothing. `undefined` as in `testPattern`.
 */
export function findPattern(pattern: Pattern, text: string, group: number): number[] | undefined {
  const engine = engineFor(pattern, text.length);
  if (engine === 'skip') return undefined;
  if (engine === 'backtrack') return findByBacktracking(pattern, text, group);
  return linearly(pattern, (linear) => {
    const out: number[] = [];
    const matcher = linear().matcher(text);
    while (matcher.find() && out.length < 2 * LIMITS.ruleMatchesMax)
      push(out, matcher.start(group), matcher.end(group));
    return out;
  });
}

function findByBacktracking(pattern: Pattern, text: string, group: number): number[] {
  const out: number[] = [];
  // Group offsets cost V8 a slower match, so they are asked for only where they are used.
  const flags = `${pattern.flags}g${group > 0 ? 'd' : ''}`;
  for (const match of text.matchAll(new RegExp(pattern.source, flags))) {
    if (out.length >= 2 * LIMITS.ruleMatchesMax) break;
    const place = group > 0 ? match.indices?.[group] : [match.index, match.index + match[0].length];
    if (place) push(out, place[0]!, place[1]!);
  }
  return out;
}

function push(out: number[], start: number, end: number): void {
  if (start >= 0 && end > start) out.push(start, end);
}

/** A pattern that the linear engine cannot express is skipped on long texts, like any that is too slow for them. */
function linearly<T>(pattern: Pattern, run: (linear: NonNullable<Pattern['linear']>) => T): T | undefined {
  try {
    return run(pattern.linear!);
  } catch (error) {
    if (error instanceof NotTranslatable) return undefined;
    throw error;
  }
}
