/** Spreading labels to look-alikes, and labeling many at once: as one interface, in plain data. */
import type { Job, Region, Task } from '../../core/domain.ts';
import type { Identity } from '../app.ts';
import type { MapArea } from '../learning/map-api.ts';

export interface SpreadSettings {
  /** Precision promised, above 0 and below 1; default 0.95. */
  readonly target?: number;
  /** One-sided confidence of the bound, above 0 and below 1; default 0.8. */
  readonly level?: number;
}

/** What spreading would do, and why; made by a preview and kept until the answers or the server change. */
export interface PlanView {
  readonly createdAt: string;
  /** Name and version of the embedder that the neighbour graph stands on. */
  readonly embedder: string;
  readonly target: number;
  readonly level: number;
  /** Tasks in the graph; answered ones that teach, and those that also check. */
  readonly items: number;
  readonly seeds: number;
  readonly verified: number;
  /** Answers or tasks have changed since: apply makes the plan anew. */
  readonly stale: boolean;
  readonly questions: readonly QuestionView[];
  readonly labels: readonly LabelPlan[];
  readonly clusters: readonly ClusterView[];
  /** For every least confidence of 0, 0.01 .. 1. */
  readonly curve: readonly CurvePoint[];
}

/** How one question was decided: which label, or, where several may hold, whether this one. */
export interface QuestionView {
  readonly label: string | null;
  readonly method: string;
  /** Class shares pulled to those that people gave, since a test rejected the predicted ones. */
  readonly corrected: boolean;
  readonly evidence: readonly {
    readonly method: string;
    readonly corrected: boolean;
    readonly right: number;
    readonly total: number;
    readonly low: number;
    readonly high: number;
  }[];
  /** How the threshold was found: exact bound, fit, or too few to find one. */
  readonly rule: 'clopper-pearson' | 'platt' | 'too-few';
  /** Verified predictions beyond the threshold, the right ones of them, and their lower bound. */
  readonly right: number;
  readonly total: number;
  readonly bound: number;
  readonly coverage: number;
  /** Labels whose own verified predictions speak against them. */
  readonly withheld: readonly string[];
  /** Random tasks that would have to be answered for a promise; null when answers would not help. */
  readonly more: number | null;
}

export interface LabelPlan {
  readonly label: string;
  readonly proposed: number;
  readonly accepted: number;
  /** Proposals of at least 0, 0.01 .. 1 confidence. */
  readonly counts: readonly number[];
}

export interface ClusterView {
  readonly id: number;
  readonly size: number;
  /** The most frequent label, and its share. */
  readonly label: string;
  readonly share: number;
  /** Task ids from the middle of the cluster, and those that are least sure. */
  readonly representative: readonly number[];
  readonly borderline: readonly number[];
}

export interface CurvePoint {
  readonly least: number;
  readonly tasks: number;
  /** Verified predictions of at least this confidence. */
  readonly right: number;
  readonly total: number;
  /** Lower bound of their precision at the plan's level; 0 without any. */
  readonly bound: number;
}

export interface CardQuery {
  /** All tasks, proposals of the plan, tasks like `task`, a cluster of the plan, or an area of the map. */
  readonly source: 'all' | 'proposals' | 'similar' | 'cluster' | 'map';
  readonly task?: number;
  readonly cluster?: number;
  readonly area?: MapArea;
  readonly label?: string;
  /** Least confidence of a proposal, 0..1. */
  readonly least?: number;
  /** Only tasks whose text holds this, whatever the case. */
  readonly text?: string;
  /** Surest first (default), or least sure first. */
  readonly order?: 'sure' | 'unsure';
  readonly offset?: number;
  readonly limit?: number;
}

/** Tasks that a query names, a page of them. */
export interface Cards {
  readonly cards: readonly Card[];
  readonly total: number;
  /** Tasks that were not looked at, because reading so many would keep everybody waiting. */
  readonly unread: number;
}

export interface Card {
  readonly task: Task;
  /** Proposed by the plan, else suggested by the votes so far; null where nothing is. Of several the surest. */
  readonly label: string | null;
  /** All of them, where several may hold: what accepting the card answers. */
  readonly labels: readonly string[];
  /** Calibrated probability that the label is right, 0..1; null while there is too little to say. */
  readonly score: number | null;
  /** Share of the proposals that are less sure, 0..1. */
  readonly confidence: number | null;
  /** The gate lets it through. */
  readonly accepted: boolean;
  /** Cosine to the task asked about; null elsewhere. */
  readonly similarity: number | null;
  /** What people answered, if they did. */
  readonly answered: string | null;
}

export interface BulkItem {
  readonly taskId: number;
  /** One label, or any number where several may hold. */
  readonly labels: readonly string[];
}

export interface DuplicateGroup {
  readonly tasks: readonly number[];
  /** Why they count as copies: `content`, `words`, `picture`, `meaning`. */
  readonly measure: string;
  /** Label -> tasks of the group that people gave it; two labels or more are a contradiction. */
  readonly labels: Readonly<Record<string, readonly number[]>>;
  /** Tasks of the group that nobody answered or skipped. */
  readonly open: readonly number[];
}

export interface Duplicates {
  readonly groups: readonly DuplicateGroup[];
  /** Groups found; `groups` lists the first, contradictions before all. */
  readonly total: number;
  readonly conflicts: number;
}

export interface SpanSpreadRequest {
  readonly taskId: number;
  /** The labeled span, as in an annotation. */
  readonly region: Region;
  /** Only this task, or all tasks of the project. */
  readonly scope: 'task' | 'project';
  readonly wholeWords?: boolean;
  readonly foldCase?: boolean;
  /** Only count them and show some; nothing is written. */
  readonly preview?: boolean;
}

export interface SpreadApi {
  /** Works out what spreading would do; the job's end makes `plan` answer. */
  preview(projectId: number, settings: SpreadSettings): Promise<Job>;
  /** Undefined before a preview. */
  plan(projectId: number): Promise<PlanView | undefined>;
  /** Writes what the gate lets through as votes of one run, under the settings of the last preview unless given. */
  apply(projectId: number, settings: SpreadSettings): Promise<Job>;
  /** Puts so many random unanswered tasks (default: as many as the plan lacks) before all others. Returns how many. */
  verify(projectId: number, count?: number): Promise<number>;
  cards(projectId: number, query: CardQuery): Promise<Cards>;
  /**
   * A random sample of the open suggestions among what a query names, and for each number of wrong ones in it the share
   * of wrong ones among them all that is not exceeded at the plan's level.
   */
  sample(projectId: number, query: CardQuery, count: number): Promise<{ cards: Card[]; bounds: number[] }>;
  /** Labels many tasks as this person, as one run. */
  label(projectId: number, items: readonly BulkItem[], who: Identity): Promise<Job>;
  /** Looks for copies; the job's end makes `duplicates` answer. */
  findDuplicates(projectId: number): Promise<Job>;
  /** Undefined before they were looked for. */
  duplicates(projectId: number): Promise<Duplicates | undefined>;
  /** Skips all copies but one, as one run of this person. */
  keepOne(projectId: number, keep: number, who: Identity): Promise<Job>;
  /** Proposes a labeled span wherever its words occur, as one run of predictions; a preview only looks. */
  spreadSpan(projectId: number, request: SpanSpreadRequest): Promise<Job>;
}
