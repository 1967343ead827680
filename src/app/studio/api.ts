/** What Headstart does for and with Label Studio, as one interface. */
import type { Connection, ConnectionSettings, InboxRow, Trainer } from '../../core/connection.ts';
import type { Job } from '../../core/domain.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Identity } from '../app.ts';

export interface StudioApi {
  /** A tie to a Label Studio project. The secret of its address is returned here and never again. */
  connect(input: ConnectInput): Promise<{ connection: ConnectionView; secret: string }>;
  list(projectId?: number): Promise<ConnectionView[]>;
  get(id: number): Promise<ConnectionView>;
  update(id: number, change: ConnectionChange): Promise<ConnectionView>;
  /** A new secret; the old address stops working at once. */
  renew(id: number): Promise<{ connection: ConnectionView; secret: string }>;
  /** Forgets the other side; tasks and annotations stay. */
  remove(id: number): Promise<void>;
  /** Pulls tasks and annotations, pushes predictions, on request answers too. `dryRun` only counts what would be done. */
  sync(id: number, options?: SyncOptions): Promise<Job>;
  /** Looks at everything that could be wrong, and says in one sentence each what to do. */
  doctor(id: number): Promise<StudioFinding[]>;

  trainer(projectId: number): Promise<Trainer | undefined>;
  /** The secret that signs calls is returned here and never again. */
  setTrainer(projectId: number, input: TrainerInput): Promise<{ trainer: Trainer; secret: string }>;
  removeTrainer(projectId: number): Promise<void>;

  readonly protocol: StudioProtocol;
}

/** A project of ours, or a new one made from the Label Studio project that url, token and number name. */
export interface ConnectInput {
  readonly projectId?: number;
  readonly url?: string;
  readonly token?: string;
  readonly studioProject?: number;
  readonly settings?: Partial<ConnectionSettings>;
}

/** `pull`: tasks and answers come here. `push`: answers given here go there. */
export type SyncDirection = 'pull' | 'push' | 'both';

export interface SyncOptions {
  readonly dryRun?: boolean;
  readonly direction?: SyncDirection;
  /** Sends suggestions as predictions; on unless said otherwise. */
  readonly predictions?: boolean;
  /** Writes the queue's order into a field of each task over there. */
  readonly order?: boolean;
}

export interface ConnectionChange {
  /** Null forgets it. */
  readonly url?: string | null;
  readonly token?: string | null;
  readonly studioProject?: number | null;
  readonly settings?: Partial<ConnectionSettings>;
  /** Takes the address and the token that `setup` calls have offered. */
  readonly acceptOffer?: boolean;
}

/** Without secrets. */
export interface ConnectionView extends Omit<Connection, 'secretHash' | 'token' | 'offeredToken'> {
  readonly hasToken: boolean;
  readonly modelVersion: string;
  /** Events that have not taken effect. */
  readonly waiting: readonly Pick<InboxRow, 'id' | 'attempts' | 'error' | 'receivedAt'>[];
}

export interface StudioFinding {
  readonly part: string;
  readonly ok: boolean;
  readonly sentence: string;
}

export interface TrainerInput {
  readonly url: string;
  readonly every: number;
  readonly counts: Trainer['counts'];
}

/** The ML-backend protocol, one method per call of Label Studio. */
export interface StudioProtocol {
  /** By the secret of its address; undefined when nothing has it. */
  bySecret(secret: string): Promise<Connection | undefined>;
  /** For callers with a token: by the number of the Label Studio project. NOT_FOUND says how to connect it. */
  byProject(who: Identity, studioProject: number | null): Promise<Connection>;
  setup(connection: Connection, input: SetupInput): Promise<{ modelVersion: string }>;
  /** The reply as JSON text: one item per task, in order. */
  predict(connection: Connection, tasks: readonly unknown[], options: PredictOptions): Promise<string>;
  /** Durable when it resolves; takes effect afterwards. */
  receive(connection: Connection, body: string): Promise<void>;
  train(connection: Connection): Promise<Job>;
  /** Undefined for a job of another project. */
  job(connection: Connection, id: number): Promise<Job | undefined>;
  /** Newest first. */
  versions(connection: Connection): Promise<string[]>;
  metrics(connection: Connection): Promise<Readonly<Record<string, number>>>;
}

export interface SetupInput {
  readonly studioProject: number | null;
  readonly schema: string | null;
  readonly hostname: string | null;
  readonly token: string | null;
}

export interface PredictOptions {
  /** Aborted when nobody waits any more; asked for only when there is something to wait for. */
  readonly signal: () => AbortSignal;
  /** Of an interactive call: what was drawn. */
  readonly context: JsonObject | null;
}
