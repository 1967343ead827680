/** What a rule is, as plain data: the form that documents, imports, the API and the page all meet in. */
import type { Json } from '../core/json.ts';
import type { PatternVerdict } from './pattern.ts';

/** Which characters count as equal: all apart, upper = lower, or letters without case and accents. */
export type Fold = 'none' | 'case' | 'diacritics';

/**
 * How a keyword sits in the text. `word`: not inside a longer word. `prefix`: at the start of a word. `substring`:
 * anywhere. `phrase`: its words in order with anything but words between them.
 */
export type KeywordMatch = 'word' | 'prefix' | 'substring' | 'phrase';

export interface KeywordCondition {
  readonly kind: 'keywords';
  readonly words: readonly string[];
  readonly match: KeywordMatch;
  readonly fold: Fold;
  readonly field: string;
}

export interface PatternCondition {
  readonly kind: 'regex';
  readonly pattern: string;
  readonly flags: string;
  readonly field: string;
}

/** A comparison with a value found in the task, in its media facts, or among a model's scores. */
export interface ValueTest {
  readonly equals?: Json;
  readonly in?: readonly Json[];
  readonly min?: number;
  readonly max?: number;
  /** ISO 8601; compared as times. */
  readonly after?: string;
  readonly before?: string;
  readonly exists?: boolean;
  /** Characters of a text or entries of a list. */
  readonly lengthMin?: number;
  readonly lengthMax?: number;
}

export type Condition =
  | KeywordCondition
  | PatternCondition
  | { readonly kind: 'all'; readonly of: readonly Condition[] }
  | { readonly kind: 'any'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  /** At least `min` of the conditions. */
  | { readonly kind: 'atLeast'; readonly min: number; readonly of: readonly Condition[] }
  /** Between `min` and `max` matches of one condition. */
  | { readonly kind: 'count'; readonly min: number; readonly max: number; readonly of: Condition }
  /** A match of `second` within `window` words (or characters) of one of `first`; after it when `ordered`. */
  | {
      readonly kind: 'near';
      readonly first: Condition;
      readonly second: Condition;
      readonly window: number;
      readonly unit: 'words' | 'chars';
      readonly ordered: boolean;
    }
  /** Matches of `of` that lie inside a region with this label. */
  | { readonly kind: 'within'; readonly region: string; readonly of: Condition }
  /** `path` into the task: `data.text`, `meta.source`, `meta.tags.0`; without a first `data` or `meta`, into data. */
  | { readonly kind: 'field'; readonly path: string; readonly test: ValueTest }
  /** A fact of the task's media: width, height, exif.Model, mean_color.0, brightness, duration, sample_rate... */
  | { readonly kind: 'fact'; readonly path: string; readonly test: ValueTest }
  /** A model's score for a label (empty: its only score). */
  | { readonly kind: 'score'; readonly model: string; readonly label: string; readonly test: ValueTest };

export interface SpanOutput {
  /** Capture group of the regex whose offsets are the span; 0 for the whole match. A name is resolved at compile. */
  readonly group: number | string;
}

export interface Rule {
  /** Names the labeler: unique in its document. */
  readonly id: string;
  /** Hash of everything that decides its votes: equal versions vote equally. */
  readonly version: string;
  readonly description: string;
  /** Control tag (`from_name`) it votes for; empty for the document's default. */
  readonly control: string;
  /** Labels it votes for when its condition holds. Empty for a rule that only vetoes. */
  readonly labels: readonly string[];
  readonly when: Condition;
  /** Set for rules that mark spans instead of classifying the task. */
  readonly spans: SpanOutput | null;
  /** When rules of different priority vote on a task, only the highest stand. */
  readonly priority: number;
  /** Labels whose votes by other rules fall when this rule fires; `['*']` for all other labels. */
  readonly veto: readonly string[];
  readonly enabled: boolean;
  /** Place in the document, 1-based; 0 for rules that come from elsewhere. */
  readonly line: number;
}

export interface RuleSet {
  readonly schema: number;
  readonly rules: readonly Rule[];
  /** Hash over all rule ids and versions. */
  readonly version: string;
}

/** A problem found in a document, at a place. */
export interface RuleProblem {
  readonly severity: 'error' | 'warning';
  readonly code: 'RULE_BAD_DOCUMENT' | 'RULE_BAD_PATTERN' | 'RULE_UNSAFE_PATTERN' | 'LIMIT_SIZE';
  readonly message: string;
  /** 1-based. */
  readonly line: number;
  readonly column: number;
  /** Rule it belongs to; empty for the document. */
  readonly rule: string;
}

/** What a check says of each regular expression. */
export interface PatternReport {
  readonly rule: string;
  readonly line: number;
  readonly pattern: string;
  readonly verdict: PatternVerdict;
}
