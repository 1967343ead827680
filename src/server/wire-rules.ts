/** Wire forms of rules: what they are inside, in the words of the contract. */
import type {
  RuleCheck,
  RuleDifference,
  RuleDraft,
  RuleMedia,
  RulePreview,
  RuleReportView,
  RuleSource,
  RulesApi,
  RuleTask,
} from '../app/rules/api.ts';
import type { RuleDocument } from '../core/domain.ts';
import type { Reply } from './contract/index.ts';

interface SourceBody {
  readonly document?: string | undefined;
  readonly lists?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly number?: number | undefined;
}

export function draftOf({ document = '', lists }: SourceBody): RuleDraft {
  return { text: document, ...(lists === undefined ? {} : { lists }) };
}

export function sourceOf(body: SourceBody): RuleSource {
  if (body.document !== undefined) return draftOf(body);
  return body.number === undefined ? 'newest' : { number: body.number };
}

type PatternWire = Reply<'ruleList'>[number]['patterns'][number];

export function documentHeadWire(document: Omit<RuleDocument, 'text' | 'lists'>): Reply<'ruleList'>[number] {
  return {
    number: document.number,
    version: document.version,
    rule_count: document.ruleCount,
    patterns: document.patterns.map((one): PatternWire => {
      const { charsMax, ...rest } = one as unknown as Omit<PatternWire, 'chars_max'> & { charsMax: number | null };
      return { ...rest, chars_max: charsMax };
    }),
    created_at: document.createdAt,
  };
}

export function documentWire(document: RuleDocument): Reply<'ruleGet'> {
  const lists = Object.fromEntries(Object.entries(document.lists).map(([name, words]) => [name, [...words]]));
  return { ...documentHeadWire(document), document: document.text, lists };
}

export function checkWire({ set, problems, patterns }: RuleCheck): Reply<'ruleCheck'> {
  return {
    version: set.version,
    rules: set.rules.map(({ id, version, line, enabled, labels }) => ({
      id,
      version,
      line,
      enabled,
      labels: [...labels],
    })),
    problems: problems.map((one) => ({ ...one })),
    patterns: patterns.map(({ rule, line, pattern, verdict }) => ({
      rule,
      line,
      pattern,
      safety: verdict.safety,
      reason: verdict.reason,
      chars_max: Number.isFinite(verdict.charsMax) ? verdict.charsMax : null,
    })),
  };
}

export function reportWire(report: RuleReportView): Reply<'ruleReport'> {
  return {
    tasks: report.tasks,
    annotated: report.annotated,
    coverage: report.coverage,
    overlap: report.overlap,
    conflict: report.conflict,
    accuracy: report.accuracy,
    spans: report.spans && { ...report.spans },
    rules: report.rules.map(({ msPerMillionChars, labels, ...rule }) => ({
      ...rule,
      labels: [...labels],
      ms_per_million_chars: msPerMillionChars,
    })),
    conflicts: report.conflicts.map((pair) => ({ ...pair })),
    media: mediaWire(report.media),
  };
}

export function previewWire(preview: RulePreview): Reply<'rulePreview'> {
  return {
    ...reportWire(preview),
    hits: preview.lists.hits.map(taskWire),
    contradicted: preview.lists.conflicts.map(taskWire),
    misses: preview.lists.misses.map(taskWire),
    ms: preview.ms,
  };
}

export function differenceWire(difference: RuleDifference): Reply<'ruleDiff'> {
  const { examples } = difference;
  return {
    ...difference,
    examples: {
      gained: examples.gained.map(taskWire),
      lost: examples.lost.map(taskWire),
      flipped: examples.flipped.map(taskWire),
    },
    changed: [...difference.changed],
    removed: [...difference.removed],
    media: mediaWire(difference.media),
  };
}

export function keywordWire(one: Awaited<ReturnType<RulesApi['suggest']>>[number]): Reply<'ruleSuggest'>[number] {
  const { interval, ...rest } = one;
  return { ...rest, low: interval.low, high: interval.high };
}

function mediaWire(media: RuleMedia | null): Reply<'ruleReport'>['media'] {
  return media && { ...media, examples: media.examples.map(({ taskId, reason }) => ({ task: taskId, reason })) };
}

function taskWire({
  taskId,
  text,
  votes,
  matches,
  annotated,
  facts,
  media,
}: RuleTask): Reply<'rulePreview'>['hits'][number] {
  return {
    task: taskId,
    text,
    votes: votes.map((vote) => ({ ...vote })),
    matches: matches.map((match) => ({ ...match })),
    annotated: [...annotated],
    facts: facts.map((one) => ({ ...one })),
    media,
  };
}
