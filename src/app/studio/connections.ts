/** Connections as they are used: remembered, because every call of Label Studio names one, and changed in one place. */
import type { Connection, ConnectionSettings } from '../../core/connection.ts';
import { AppError } from '../../core/errors.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import { newSecret, secretHash } from '../secrets.ts';
import { takenFields } from './order-fields.ts';

export const DEFAULT_CONNECTION: ConnectionSettings = {
  // Gateways give up after 60 s, Label Studio after 100 s.
  deadlineMs: 50_000,
  scores: 'confidence',
  follow: false,
  orderField: null,
  takenFields: [],
};

/** A connection that went with its project is gone after so long. */
const FRESH_MS = 1_000;
const DEADLINE_MS: readonly [number, number] = [100, 90_000];
const FIELD = /^[A-Za-z_][A-Za-z0-9_]{0,59}$/;

export class Connections {
  readonly #deps: Deps;
  readonly #byHash = new Map<string, { connection: Connection; at: number }>();
  readonly #runs = new Map<number, Promise<number>>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Looked up by hash, so that the time taken says nothing about how close a guess is. */
  async bySecret(secret: string): Promise<Connection | undefined> {
    const key = secretHash(secret);
    const known = this.#byHash.get(key);
    if (known && performance.now() - known.at < FRESH_MS) return known.connection;
    const connection = await this.#deps.store.studio.find(key);
    if (connection) this.#byHash.set(key, { connection, at: performance.now() });
    else this.#byHash.delete(key);
    return connection;
  }

  get(id: number): Promise<Connection> {
    return found('connection', id, this.#deps.store.studio.get(id));
  }

  /** Made with a secret that is told once. */
  async add(
    input: Omit<Connection, 'id' | 'createdAt' | 'secretHash'>,
  ): Promise<{ connection: Connection; secret: string }> {
    const secret = newSecret(this.#deps);
    return { connection: await this.#deps.store.studio.add({ ...input, secretHash: secretHash(secret) }), secret };
  }

  async renew(id: number): Promise<{ connection: Connection; secret: string }> {
    const secret = newSecret(this.#deps);
    return { connection: await this.update(id, { secretHash: secretHash(secret) }), secret };
  }

  async update(id: number, change: Parameters<Deps['store']['studio']['update']>[1]): Promise<Connection> {
    const connection = await this.#deps.store.studio.update(id, change);
    this.#forget(id);
    return connection;
  }

  async remove(id: number): Promise<void> {
    const { studio, runs } = this.#deps.store;
    const { runId } = await this.get(id);
    await studio.remove(id);
    this.#forget(id);
    // Nothing comes under it any more; the tasks stay until it is undone.
    const run = runId === null ? undefined : await runs.get(runId);
    if (run?.state === 'running') await runs.finish(run.id, 'done', run.written);
  }

  /** The run under which tasks from there are kept: open as long as the connection lives, undone as a whole. */
  openRun({ id }: Connection): Promise<number> {
    const opening = (this.#runs.get(id) ?? Promise.resolve(0)).catch(() => 0).then(() => this.#openRun(id));
    this.#runs.set(id, opening);
    return opening;
  }

  async #openRun(id: number): Promise<number> {
    const { store } = this.#deps;
    const connection = await this.get(id);
    const run = connection.runId === null ? undefined : await store.runs.get(connection.runId);
    if (run && run.state === 'running' && run.revokedAt === null) return run.id;
    const from =
      connection.studioProject === null ? 'Label Studio' : `Label Studio project ${connection.studioProject}`;
    const fresh = await store.runs.start({
      projectId: connection.projectId,
      kind: 'import',
      labelerId: null,
      summary: `Tasks from ${from}`,
      params: { connection: id },
    });
    await this.update(id, { runId: fresh.id });
    return fresh.id;
  }

  #forget(id: number): void {
    for (const [key, { connection }] of this.#byHash) if (connection.id === id) this.#byHash.delete(key);
  }
}

/** The address of one project must not take what is said of another. Throws CONFLICT. */
export function checkProject(connection: Connection, studioProject: number | null): void {
  if (studioProject === null || connection.studioProject === null || connection.studioProject === studioProject) return;
  throw new AppError(
    'CONFLICT',
    `This address belongs to Label Studio project ${connection.studioProject}, not ${studioProject}; connect that one by an address of its own.`,
  );
}

/** Throws INPUT_BAD_FIELD naming the setting. */
export function checkedSettings(old: ConnectionSettings, change: Partial<ConnectionSettings> = {}): ConnectionSettings {
  const next = { ...old, ...change, takenFields: takenFields(old) };
  const [least, most] = DEADLINE_MS;
  if (!(next.deadlineMs >= least && next.deadlineMs <= most)) {
    throw bad('deadline_ms', `The deadline is ${least} to ${most} milliseconds; Label Studio waits for 100 s.`);
  }
  if (next.orderField !== null && !FIELD.test(next.orderField)) {
    throw bad('order_field', 'The field for the order is a plain name: letters, digits and underscores.');
  }
  return next;
}

/** `https://ls.example/path/` -> `https://ls.example/path`. Throws INPUT_BAD_FIELD. */
export function baseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw bad('url', 'The address of Label Studio begins with http:// or https:// and holds no password.');
  }
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

/** The token to call its API with: the owner's, else the one that this very server offered. */
export function tokenOf({ token, offeredToken, offeredUrl, url }: Connection): string | null {
  return token ?? (url !== null && offeredUrl === url ? offeredToken : null);
}

function bad(field: string, message: string): AppError {
  return new AppError('INPUT_BAD_FIELD', message, { details: { field } });
}
