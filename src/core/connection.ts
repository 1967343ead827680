/** A project's tie to a project of a Label Studio server, as plain data. */
import type { Annotation, IsoTime } from './domain.ts';
import { stableHash } from './json.ts';

export interface Connection {
  readonly id: number;
  readonly projectId: number;
  /** sha-256 of the secret in its backend address; the plain text is shown once. */
  readonly secretHash: string;
  /** Base address of the Label Studio server, without a slash at the end; null until the owner names or confirms it. */
  readonly url: string | null;
  /** Its project there. */
  readonly studioProject: number | null;
  /** For its API: a legacy token or a personal (refresh) token. */
  readonly token: string | null;
  /** What `setup` calls said of the server. Never called before the owner confirms it. */
  readonly offeredUrl: string | null;
  readonly offeredToken: string | null;
  readonly settings: ConnectionSettings;
  /** The import run under which tasks from there are kept; undone as a whole. */
  readonly runId: number | null;
  readonly createdAt: IsoTime;
}

export interface ConnectionSettings {
  /** A `predict` call is answered by then, whatever is ready. */
  readonly deadlineMs: number;
  /** What goes into the score of a prediction: how sure it is, or where its task stands in the queue (0 first). */
  readonly scores: 'confidence' | 'order';
  /** After each training, send the new predictions without being asked. */
  readonly follow: boolean;
  /** Data field that holds the queue's order in Label Studio; null: by its usual name. */
  readonly orderField: string | null;
  /** Data fields that an order was written into, this one and earlier ones; connections from before this was kept lack it. */
  readonly takenFields?: readonly string[];
}

/** What one side knows of a task of the other. */
export interface StudioTask {
  readonly studioId: number;
  /** Null: deleted on one of the sides, and not to come back. */
  readonly taskId: number | null;
  /** Of its data over there. */
  readonly dataHash: string;
  /** Version of our predictions that Label Studio has. */
  readonly pushed: string;
  /** Version that was being sent when it was last written down: sent or not. */
  readonly pushing: string;
  /** Label Studio asked for a prediction and got none yet. */
  readonly owed: boolean;
}

/** An annotation that both sides have, or had. */
export interface SharedAnnotation {
  readonly studioId: number;
  /** Of its task over there; null for ones from before this was kept. */
  readonly studioTask: number | null;
  /** Null: gone here. */
  readonly annotationId: number | null;
  /** ISO time of its last known change over there. */
  readonly changedAt: string;
  /** `answerHash` of what both sides had last; '' when that is not known. */
  readonly agreed: string;
}

/** An answer of ours on its way to Label Studio. */
export interface SendingAnnotation {
  readonly annotationId: number;
  readonly studioTask: number;
  /** Its `unique_id` over there: a second one with this key is refused. */
  readonly key: string;
  /** `answerHash` of what was sent. */
  readonly agreed: string;
}

const HASH_DIGITS = 32;

/** Of what both sides have to agree on. */
export function answerHash({ result, skipped, groundTruth }: Pick<Annotation, 'result' | 'skipped' | 'groundTruth'>) {
  return stableHash({ result, skipped, groundTruth }).slice(0, HASH_DIGITS);
}

/** An event as it came in, kept until it has taken effect. */
export interface InboxRow {
  readonly id: number;
  readonly connectionId: number;
  /** JSON text, unread. */
  readonly body: string;
  readonly attempts: number;
  /** What went wrong last. */
  readonly error: string | null;
  readonly receivedAt: IsoTime;
}

/** Training happens elsewhere: who is told when there is enough to train on. */
export interface Trainer {
  readonly projectId: number;
  readonly url: string;
  /** Signs what is sent: HMAC-SHA256. */
  readonly secret: string;
  /** New ones between two calls. */
  readonly every: number;
  /** What is counted: labeled tasks, or ground truth. */
  readonly counts: 'annotations' | 'verified';
  /** The count at the last call. */
  readonly calledAt: number;
}
