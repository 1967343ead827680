/** The shapes that travel between the pages and the server: the server's contract, under the names the pages use. */
import type {
  AnnotationWire,
  JobEventWire,
  ModelWire,
  NextWire,
  PredictionWire,
  ProjectWire,
  QueueStateWire,
  ReasonWire,
  Reply,
  RunWire,
  TaskWire,
  TokenWire,
  VoteWire,
} from '../../src/server/contract/index.ts';

export type Region = AnnotationWire['result'][number];
export type Project = ProjectWire;
export type Task = Pick<TaskWire, 'id' | 'data' | 'meta'>;
export type Prediction = PredictionWire;
export type Reason = ReasonWire;
export type NextItem = NextWire;
export type Annotation = AnnotationWire;
export type Via = Exclude<AnnotationWire['via'], 'import'>;
export type VoteView = VoteWire;
export type Similar = Reply<'taskSimilar'>[number];
export type QueueState = QueueStateWire;
export type QueueRow = Reply<'queuePreview'>[number];
export type Job = JobEventWire;
export type Run = RunWire;
export type ModelVersion = ModelWire;
export type Comparison = Reply<'modelCompare'>;
export type Annotator = Reply<'annotators'>[number];
export type Token = TokenWire;
export type Me = Reply<'whoami'>;
export type Insights = Reply<'insights'>;

export interface AnswerBody {
  readonly result: readonly Region[];
  readonly was_cancelled: boolean;
  readonly visible_ms: number;
  readonly via: Via;
  readonly parent_prediction: number | null;
  readonly note: string;
  readonly unique_id: string;
}

/** What changes when an earlier answer is corrected; the suggestion it was held against stays. */
export type CorrectionBody = Pick<AnswerBody, 'result' | 'was_cancelled' | 'note'>;
