/** What a label session remembers and sends: plain data. */
import type { AnswerBody, NextItem, Region, Task, Via } from '../wire.ts';

/** An answer given in this page's life. */
export interface Given {
  readonly submissionId: string;
  readonly item: NextItem;
  readonly result: readonly Region[];
  readonly skipped: boolean;
  readonly note: string;
  readonly at: number;
}

/** An earlier answer, open again. */
export interface Reopened {
  readonly submissionId: string;
  readonly annotationId: number | null;
  readonly task: Task;
  readonly result: readonly Region[];
  readonly note: string;
}

export interface Snapshot {
  readonly current: NextItem | null;
  readonly upcoming: readonly NextItem[];
  readonly reopened: Reopened | null;
  readonly given: readonly Given[];
  readonly answered: number;
  /** `filling` until the first item is here, `empty` when nothing is left, `failed` with a problem. */
  readonly state: 'filling' | 'ready' | 'empty' | 'failed';
  readonly problem: string;
}

export interface Answer {
  readonly result: readonly Region[];
  readonly skipped: boolean;
  readonly note: string;
  readonly via: Via;
}

/** The tasks in hand, the one on the card first. */
export function idsOf(current: NextItem | null, upcoming: readonly NextItem[]): number[] {
  return [...(current === null ? [] : [current]), ...upcoming].map((item) => item.id);
}

/** The answer as the server takes it. */
export function bodyOf(answer: Answer, item: NextItem, submissionId: string, visibleMs: number): AnswerBody {
  return {
    result: answer.result,
    was_cancelled: answer.skipped,
    visible_ms: visibleMs,
    via: answer.via,
    parent_prediction: item.predictions[0]?.id ?? null,
    note: answer.note,
    unique_id: submissionId,
  };
}
