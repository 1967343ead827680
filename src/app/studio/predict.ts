/** Label Studio's `predict`: any number of tasks, one item for each, in order, by the deadline; the rest follows later. */
import type { Connection } from '../../core/connection.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import type { Intake, Taken } from './intake.ts';
import type { Proposals, Suggester } from './proposals.ts';
import { enqueuePush } from './push.ts';
import type { Scored } from './score.ts';
import type { SuggestionVersions } from './version.ts';
import { readTask } from './wire.ts';

/** Answers kept in memory, by the characters of their tasks: what a page of Label Studio asks for again and again. */
const CACHE_CHARS_MAX = 64_000_000;
const CHUNK = 500;
/** What is left of the deadline for writing the reply down. */
const REPLY_MS = 250;
const FEW_TASKS = 10;
/** Somebody looks at the screen. */
const FEW_DEADLINE_MS = 8_000;

interface Known {
  /** The data it was said of. */
  readonly data: string;
  readonly version: string;
  readonly item: string;
}

export interface PredictCounts {
  calls: number;
  tasks: number;
  pending: number;
  failed: number;
}

export class Predictor {
  readonly #deps: Deps;
  readonly #intake: Intake;
  readonly #proposals: Proposals;
  readonly #versions: SuggestionVersions;
  readonly #known = new Map<string, Known>();
  #chars = 0;
  readonly counts: PredictCounts = { calls: 0, tasks: 0, pending: 0, failed: 0 };

  constructor(deps: Deps, intake: Intake, proposals: Proposals, versions: SuggestionVersions) {
    this.#deps = deps;
    this.#intake = intake;
    this.#proposals = proposals;
    this.#versions = versions;
  }

  /** The reply as JSON text. */
  async predict(connection: Connection, tasks: readonly unknown[], signal: AbortSignal): Promise<string> {
    this.counts.calls += 1;
    this.counts.tasks += tasks.length;
    const { name: version } = await this.#versions.of(connection.projectId);
    const items = tasks.map((task) => this.#lookUp(connection, task, version));
    const open = items.flatMap((item, i) => (item === undefined ? [i] : []));
    if (open.length > 0) await this.#answer(connection, tasks, { items, open, signal });
    return `{"results":[${items.join(',')}],"model_version":${JSON.stringify(version)}}`;
  }

  #lookUp(connection: Connection, task: unknown, version: string): string | undefined {
    if (!isJsonObject(task)) return undefined;
    const key = `${connection.id}/${String(task.id)}`;
    const known = this.#known.get(key);
    // Another order of the queue gives other scores under the same version.
    if (known === undefined || known.version !== version || connection.settings.scores === 'order') return undefined;
    return known.data === JSON.stringify(task.data) ? known.item : undefined;
  }

  #remember(connection: Connection, task: JsonObject, version: string, item: string): void {
    const key = `${connection.id}/${String(task.id)}`;
    const data = JSON.stringify(task.data);
    const old = this.#known.get(key);
    this.#chars += data.length + item.length - (old ? old.data.length + old.item.length : 0);
    this.#known.delete(key);
    this.#known.set(key, { data, version, item });
    for (const [oldest, { data: gone, item: also }] of this.#known) {
      if (this.#chars <= CACHE_CHARS_MAX) break;
      this.#known.delete(oldest);
      this.#chars -= gone.length + also.length;
    }
  }

  async #answer(
    connection: Connection,
    tasks: readonly unknown[],
    { items, open, signal }: { items: (string | undefined)[]; open: readonly number[]; signal: AbortSignal },
  ): Promise<void> {
    const { deadlineMs } = connection.settings;
    const patience = open.length <= FEW_TASKS ? Math.min(FEW_DEADLINE_MS, deadlineMs) : deadlineMs;
    const timeout = AbortSignal.timeout(Math.max(1, patience - REPLY_MS));
    const limit = AbortSignal.any([timeout, signal]);
    const suggester = await this.#proposals.of(connection);
    const taken = await this.#take(connection, suggester, tasks, open, limit);
    const usable = open.filter((i) => usableIn(taken.get(i)));
    const suggested = await suggester.suggest(
      usable.map((i) => ({ task: taken.get(i)!.task, data: taken.get(i)!.given.data })),
      { lane: 'online', signal: limit },
    );
    const said = new Map(usable.map((i, k) => [i, suggested[k]]));
    const delivered: number[] = [];
    const owed: number[] = [];
    for (const i of open) {
      const one = taken.get(i);
      const studioId = one?.given.studioId ?? null;
      const scored = said.get(i);
      const ready = scored !== undefined || (one !== undefined && !usableIn(one));
      items[i] = ready ? itemOf(scored ?? null, suggester.version) : itemOf(null, pendingVersion(suggester.version));
      if (!ready) this.counts.pending += 1;
      if (one !== undefined && !usableIn(one)) this.counts.failed += 1;
      if (studioId === null || one?.task == null) continue;
      if (!ready) owed.push(studioId);
      else {
        this.#remember(connection, tasks[i] as JsonObject, suggester.version, items[i]!);
        if (one.pushed !== suggester.version) delivered.push(studioId);
      }
    }
    await this.#note(connection, suggester, { delivered: signal.aborted ? [] : delivered, owed });
  }

  /** By place in the call; places that there was no time for are missing. */
  async #take(
    connection: Connection,
    { config }: Suggester,
    tasks: readonly unknown[],
    open: readonly number[],
    limit: AbortSignal,
  ): Promise<Map<number, Taken>> {
    const taken = new Map<number, Taken>();
    const readable = open.flatMap((i) => {
      const given = readTask(tasks[i], config.parsed, connection);
      if (given) return [{ i, given }];
      taken.set(i, UNREADABLE);
      return [];
    });
    for (let at = 0; at < readable.length && !limit.aborted; at += CHUNK) {
      const chunk = readable.slice(at, at + CHUNK);
      const part = await this.#intake.tasks(
        connection,
        chunk.map((one) => one.given),
      );
      for (const [k, one] of part.entries()) taken.set(chunk[k]!.i, one);
    }
    return taken;
  }

  /** Label Studio has now what it was given, and is owed the rest. */
  async #note(
    connection: Connection,
    { version }: Suggester,
    { delivered, owed }: { delivered: readonly number[]; owed: readonly number[] },
  ): Promise<void> {
    const { studio } = this.#deps.store;
    if (delivered.length > 0) await studio.mark(connection.id, delivered, { pushed: version, owed: false });
    if (owed.length === 0) return;
    await studio.mark(connection.id, owed, { owed: true });
    await enqueuePush(this.#deps, connection, 'owed');
  }
}

const UNREADABLE: Taken = {
  given: { studioId: null, data: {} },
  task: null,
  problem: 'This is no task.',
  change: 'new',
  pushed: '',
};

function usableIn(one: Taken | undefined): boolean {
  return one !== undefined && one.problem === null && (one.task !== null || one.given.studioId === null);
}

/** Not the version of `setup`, so that Label Studio asks for the task again. */
export function pendingVersion(version: string): string {
  return `${version}-pending`;
}

/** The empty result with score 0 is how one says "no idea": a missing item would cost the whole call. */
function itemOf(scored: Scored | null, version: string): string {
  return JSON.stringify({ result: scored?.result ?? [], score: scored?.score ?? 0, model_version: version });
}
