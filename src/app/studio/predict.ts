/** Label Studio's `predict`: any number of tasks, one item for each, in order, by the deadline; the rest follows later. */
import type { Connection } from '../../core/connection.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { AnswerMemory } from './answer-memory.ts';
import type { Intake, Taken } from './intake.ts';
import { orderFields } from './order-fields.ts';
import type { Proposals, Suggester } from './proposals.ts';
import { enqueuePush } from './push.ts';
import type { Scored } from './score.ts';
import type { SuggestionVersions } from './version.ts';
import { readTask } from './wire.ts';

const CHUNK = 500;
/** Share of the deadline that is left for noting what is owed and writing the reply down. */
const REPLY_SHARE = 0.15;
const FEW_TASKS = 10;
/** Somebody looks at the screen. */
const FEW_DEADLINE_MS = 8_000;

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
  readonly #memory = new AnswerMemory();
  readonly #counts = new Map<number, PredictCounts>();

  constructor(deps: Deps, intake: Intake, proposals: Proposals, versions: SuggestionVersions) {
    this.#deps = deps;
    this.#intake = intake;
    this.#proposals = proposals;
    this.#versions = versions;
  }

  /** The reply as JSON text. */
  async predict(connection: Connection, tasks: readonly unknown[], signal: () => AbortSignal): Promise<string> {
    const counts = this.countsOf(connection.id);
    counts.calls += 1;
    counts.tasks += tasks.length;
    const { name: version } = await this.#versions.of(connection.projectId);
    const isKept = keepsAnswers(connection);
    const items = tasks.map((task) => (isKept ? this.#memory.recall(connection.id, task, version) : undefined));
    const open: number[] = [];
    for (const [i, item] of items.entries()) if (item === undefined) open.push(i);
    if (open.length > 0) await this.#answer(connection, tasks, { items, open, signal: signal() });
    return `{"results":[${items.join(',')}],"model_version":${JSON.stringify(version)}}`;
  }

  /** Since the server was started. */
  countsOf(connectionId: number): PredictCounts {
    const counts = this.#counts.get(connectionId) ?? { calls: 0, tasks: 0, pending: 0, failed: 0 };
    this.#counts.set(connectionId, counts);
    return counts;
  }

  /** The connection is gone. */
  forget(connectionId: number): void {
    this.#memory.forget(connectionId);
    this.#counts.delete(connectionId);
  }

  async #answer(
    connection: Connection,
    tasks: readonly unknown[],
    { items, open, signal }: { items: (string | undefined)[]; open: readonly number[]; signal: AbortSignal },
  ): Promise<void> {
    const { deadlineMs } = connection.settings;
    const patience = open.length <= FEW_TASKS ? Math.min(FEW_DEADLINE_MS, deadlineMs) : deadlineMs;
    const timeout = AbortSignal.timeout(Math.ceil(patience * (1 - REPLY_SHARE)));
    const limit = AbortSignal.any([timeout, signal]);
    const suggester = await this.#proposals.of(connection);
    const taken = await this.#take(connection, suggester, tasks, open, limit);
    const usable = open.filter((i) => usableIn(taken.get(i)));
    const suggested = await suggester.suggest(
      usable.map((i) => ({ task: taken.get(i)!.task, data: taken.get(i)!.given.data })),
      { lane: 'online', signal: limit },
    );
    const said = new Map(usable.map((i, k) => [i, suggested[k]]));
    // What nobody got is not remembered: the next call would be answered without a note that Label Studio has it.
    const isKept = keepsAnswers(connection) && !signal.aborted;
    const counts = this.countsOf(connection.id);
    const delivered: number[] = [];
    const owed: number[] = [];
    for (const i of open) {
      const one = taken.get(i);
      const studioId = one?.given.studioId ?? null;
      const scored = said.get(i);
      const ready = scored !== undefined || (one !== undefined && !usableIn(one));
      items[i] = ready ? itemOf(scored ?? null, suggester.version) : itemOf(null, pendingVersion(suggester.version));
      if (!ready) counts.pending += 1;
      if (one !== undefined && !usableIn(one)) counts.failed += 1;
      if (studioId === null || one?.task == null) continue;
      if (!ready) owed.push(studioId);
      else {
        if (isKept) this.#memory.keep(connection.id, tasks[i] as JsonObject, suggester.version, items[i]!);
        if (one.pushed !== suggester.version) delivered.push(studioId);
      }
    }
    // Nobody waits for it: were it lost, Label Studio would ask again, because late answers carry another version.
    this.#note(connection, suggester, { delivered: signal.aborted ? [] : delivered, owed }).catch((error: unknown) =>
      this.#deps.log.error({ connection: connection.id, error: String(error) }, 'what is owed could not be noted'),
    );
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
    const ours = await orderFields(this.#deps.store, connection);
    const readable = open.flatMap((i) => {
      const given = readTask(tasks[i], config.parsed, ours);
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

/** Another order of the queue gives other scores under the same version. */
function keepsAnswers({ settings }: Connection): boolean {
  return settings.scores !== 'order';
}

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
