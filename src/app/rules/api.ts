/** What can be done with rules, as one interface, in plain data. */
import type { Job, RuleDocument } from '../../core/domain.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { PatternReport, RuleProblem, RuleSet, Suggestion } from '../../rules/index.ts';
import type { ShareWithInterval } from '../learning/insights-api.ts';

/** A document that need not be saved; or the number of one that is. */
export interface RuleDraft {
  readonly text: string;
  /** Words of the lists that the document names with `keywords: {list: NAME}`. */
  readonly lists?: Readonly<Record<string, readonly string[]>>;
}

export type RuleSource = RuleDraft | { readonly number: number } | 'newest';

export interface RuleCheck {
  readonly set: RuleSet;
  readonly problems: readonly RuleProblem[];
  readonly patterns: readonly PatternReport[];
}

/** A stretch of the text that made a rule fire; UTF-16 offsets, end exclusive. */
export interface RuleMatch {
  readonly rule: string;
  readonly field: string;
  readonly start: number;
  readonly end: number;
}

export interface RuleTask {
  readonly taskId: number;
  readonly text: string;
  /** Rules that vote on it, with what they say. */
  readonly votes: readonly { readonly rule: string; readonly label: string }[];
  readonly matches: readonly RuleMatch[];
  /** What people say. */
  readonly annotated: readonly string[];
  /** The facts of its file that the rules ask for; null for what is not known. */
  readonly facts: readonly { readonly path: string; readonly value: Json }[];
  /** The picture or sound that it shows instead of a text; null when there is none. */
  readonly media: { readonly kind: 'image' | 'audio'; readonly field: string } | null;
}

export interface RuleView {
  readonly id: string;
  readonly version: string;
  readonly line: number;
  readonly enabled: boolean;
  readonly labels: readonly string[];
  readonly hits: number;
  /** Shares of the tasks looked at, 0..1. */
  readonly coverage: number;
  readonly overlap: number;
  readonly conflict: number;
  /** Its votes (or single spans) on annotated tasks, with a 95 % Wilson interval; null where there is none. */
  readonly precision: ShareWithInterval | null;
  /** What the precision counts: a span is right when people marked exactly it. */
  readonly counts: 'tasks' | 'spans';
  /** Share of its votes that are right as the label model sees it, all votes and annotations considered; null if unknown. */
  readonly estimated: number | null;
  /** Tasks on which no other rule speaks of the same thing, and tasks whose majority changes without it. */
  readonly covers: number;
  readonly flips: number;
  /** Milliseconds per million characters of text, the shared scan left out. */
  readonly msPerMillionChars: number;
  /** Why it has no votes: it threw, or overran its time. */
  readonly fault: string | null;
  /** Texts too long for one of its patterns, on which it kept silent. */
  readonly skipped: number;
}

/** Spans that are exactly those of people: share of the marked ones, and of people's; null where there is none. */
export interface SpanQuality {
  readonly precision: ShareWithInterval | null;
  readonly recall: ShareWithInterval | null;
}

export interface RuleReportView {
  readonly tasks: number;
  readonly annotated: number;
  readonly coverage: number;
  readonly overlap: number;
  readonly conflict: number;
  /** Of the majority of the rules on annotated tasks with votes, 0..1; null where there is none. */
  readonly accuracy: number | null;
  /** Of all span rules together on annotated tasks; null without such rules. */
  readonly spans: SpanQuality | null;
  readonly rules: readonly RuleView[];
  /** Pairs of rules that contradict each other. */
  readonly conflicts: readonly { readonly a: string; readonly b: string; readonly tasks: number }[];
  readonly media: RuleMedia | null;
}

/** Where rules that ask for facts of media keep silent; null when no rule does. */
export interface RuleMedia {
  /** Tasks whose files are being looked at; ask again when the job has ended. */
  readonly waiting: number;
  readonly job: number | null;
  /** Tasks about whose files something could not be found out, and why, for the first ones. */
  readonly unreadable: number;
  readonly examples: readonly { readonly taskId: number; readonly reason: string }[];
}

export interface RuleTaskLists {
  readonly hits: readonly RuleTask[];
  /** Hits that another rule or an annotation contradicts. */
  readonly conflicts: readonly RuleTask[];
  /** Annotated tasks with its label that the rule is silent on. */
  readonly misses: readonly RuleTask[];
}

export interface RulePreview extends RuleReportView {
  readonly lists: RuleTaskLists;
  readonly ms: number;
}

export interface RuleDifference {
  readonly tasks: number;
  readonly gained: number;
  readonly lost: number;
  readonly flipped: number;
  /** The first ones of each. */
  readonly examples: {
    readonly gained: readonly RuleTask[];
    readonly lost: readonly RuleTask[];
    readonly flipped: readonly RuleTask[];
  };
  /** Rules that are new or vote otherwise, and rules that are gone. */
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  readonly media: RuleMedia | null;
}

export interface RuleImport {
  readonly kind: 'csv' | 'spacy';
  readonly text: string;
  /** Where the text stands in a task; left out, what the label config shows. */
  readonly field?: string;
  /** Added to this document; left out, a new one is begun. */
  readonly document?: string;
}

export interface RulePromotion {
  readonly label: string;
  /** The words themselves, or the place where they stand. */
  readonly text?: string;
  readonly place?: { readonly taskId: number; readonly start: number; readonly end: number };
  readonly field?: string;
  readonly document?: string;
}

/** What weighs the votes of a control, as it was last fitted. */
export interface LabelModelView {
  readonly control: string;
  readonly version: string;
  /** The label model that was chosen, and one sentence why. */
  readonly name: string;
  readonly reason: string;
  /** Tasks (or texts with spans) it was fitted on, and annotated ones among them. */
  readonly tasks: number;
  readonly annotated: number;
  /** Everybody but the head who has a say, with the estimated share of right votes. */
  readonly voters: readonly { readonly labeler: string; readonly accuracy: number | null }[];
  readonly createdAt: string;
}

export interface RulesApi {
  /** The form of documents as a JSON Schema, with the labels of the project: for editors that check and complete. */
  schema(projectId: number): Promise<JsonObject>;
  /** What is wrong with a draft, where, and how each of its patterns will be run. Keeps nothing. */
  check(projectId: number, draft: RuleDraft): Promise<RuleCheck>;
  /** Throws RULE_* with line and column for a document with errors. */
  save(projectId: number, draft: RuleDraft): Promise<RuleDocument>;
  /** Oldest first. */
  list(projectId: number): Promise<Omit<RuleDocument, 'text' | 'lists'>[]>;
  get(projectId: number, number?: number): Promise<RuleDocument>;
  /** A draft document with the rules of a list or of spaCy patterns; `skipped` names what has no counterpart. */
  import(
    projectId: number,
    request: RuleImport,
  ): Promise<{ document: string; rules: number; skipped: readonly { line: number; reason: string }[] }>;
  /** A draft document with one more rule. */
  promote(projectId: number, request: RulePromotion): Promise<{ document: string; rule: string }>;
  /** A source on a spread of at most 1,000 tasks and on annotated ones. `rule` narrows the lists to one rule. */
  preview(projectId: number, source: RuleSource, options?: { rule?: string }): Promise<RulePreview>;
  /** Figures over all tasks (at most RULE_REPORT_TASKS_MAX of them). */
  report(projectId: number, source: RuleSource): Promise<RuleReportView>;
  /** What would change from a saved document to another source, over the same tasks as `report`. */
  diff(projectId: number, from: number, to: RuleSource): Promise<RuleDifference>;
  /** Words and phrases that announce a label in the annotated tasks, best first; with a task, only words of its text. */
  suggest(
    projectId: number,
    label: string,
    options?: { readonly limit?: number; readonly taskId?: number },
  ): Promise<Suggestion[]>;
  /** One per control on which others than the head vote. */
  labelModels(projectId: number): Promise<LabelModelView[]>;
  /** Writes the votes of a saved document (the newest unless told otherwise) as a job, under one undoable run. */
  apply(projectId: number, number?: number): Promise<Job>;
}
