/**
 * Events of Label Studio: written down first, answered, and only then worked off, those of a connection one after the other. Each
 * takes effect once however often it comes, because what it says is held against what is known.
 */
import { createHash } from 'node:crypto';
import type { Connection, InboxRow } from '../../core/connection.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { enqueueTraining } from '../learning/retrain.ts';
import { found } from '../lookup.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import { type Action, isKnownAction } from './actions.ts';
import { AS_WRITTEN, studioClient } from './client.ts';
import { type Connections, tokenOf } from './connections.ts';
import { InboxLane } from './inbox-lane.ts';
import { annotationsIn, type Intake } from './intake.ts';
import { orderFields } from './order-fields.ts';
import { isAway } from './push.ts';
import { type GivenAnnotation, type GivenTask, idOf, listOf, projectNumber, readTask } from './wire.ts';

/** For one question to Label Studio: all events of its connection behind it wait for that long. */
const ASK_MS = 10_000;
/** A server that does not answer is left alone for so many times as long as it kept the others waiting. */
const LEFT_ALONE = 6;

/** Brings the label config of the other side here. */
export type FollowConfig = (connection: Connection, labelConfig: string) => Promise<void>;

export class Inbox {
  readonly #deps: Deps;
  readonly #configs: ProjectConfigs;
  readonly #connections: Connections;
  readonly #intake: Intake;
  readonly #follow: FollowConfig;
  readonly #lanes = new Map<number, InboxLane>();
  /** Connection -> when to call its server again. */
  readonly #away = new Map<number, number>();
  /** Connections whose server is known not to answer: told once, and not for each event at each attempt. */
  readonly #silent = new Set<number>();
  /** Connections whose project was asked for in this look. */
  readonly #followed = new Set<number>();
  #stopped = false;

  constructor(deps: Deps, configs: ProjectConfigs, connections: Connections, intake: Intake, follow: FollowConfig) {
    this.#deps = deps;
    this.#configs = configs;
    this.#connections = connections;
    this.#intake = intake;
    this.#follow = follow;
    // What an earlier process had acknowledged.
    this.#resume().catch((error: unknown) =>
      deps.log.error({ error: String(error) }, 'events of Label Studio could not be read'),
    );
  }

  async receive(connection: Connection, body: string): Promise<void> {
    const digest = createHash('sha256').update(body).digest('hex');
    await this.#deps.store.studio.receive(connection.id, digest, body);
    if (!this.#stopped) this.#lane(connection.id).soon();
  }

  kick(connectionId: number): void {
    if (!this.#stopped) this.#lane(connectionId).kick();
  }

  /**
   * Resolves when everything that was received so far for this project has been tried, however much comes meanwhile, or
   * when nobody waits for that any more.
   */
  async settled(projectId: number, signal: AbortSignal): Promise<void> {
    const connections = await this.#deps.store.studio.list(projectId);
    if (this.#stopped) return;
    await Promise.all(connections.map(({ id }) => this.#lane(id).settled(signal)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop()));
  }

  async #resume(): Promise<void> {
    for (const { id } of await this.#deps.store.studio.list()) this.kick(id);
  }

  #lane(connectionId: number): InboxLane {
    const known = this.#lanes.get(connectionId);
    if (known) return known;
    const lane = new InboxLane(this.#deps, connectionId, {
      begins: () => this.#followed.delete(connectionId),
      workOff: (row) => this.#workOff(row),
    });
    this.#lanes.set(connectionId, lane);
    return lane;
  }

  async #workOff(row: InboxRow): Promise<boolean> {
    const { store, clock, log } = this.#deps;
    const began = clock.now();
    try {
      const connection = await this.#connections.get(row.connectionId);
      await this.#apply(connection, parseJson(row.body));
      await store.studio.settle(row.id);
      return true;
    } catch (error) {
      const known = toAppError(error);
      const away = isAway(error);
      if (!away || !this.#silent.has(row.connectionId)) {
        log.warn({ event: row.id, error: known.code }, 'an event of Label Studio could not take effect');
      }
      // A server that is away is no fault of the event: it waits for as long as that takes.
      if (away) this.#leaveAlone(row.connectionId, began);
      else await store.studio.failed(row.id, known.code === 'INTERNAL' ? String(known.cause) : known.message);
      return false;
    }
  }

  #leaveAlone(connectionId: number, began: number): void {
    const now = this.#deps.clock.now();
    this.#silent.add(connectionId);
    if ((this.#away.get(connectionId) ?? 0) <= now) this.#away.set(connectionId, now + LEFT_ALONE * (now - began));
  }

  /** Throws STUDIO_UNREACHABLE for a server that kept everybody waiting just now. */
  async #get(connection: Connection, path: string): Promise<Json> {
    const { fetch, clock } = this.#deps;
    if ((this.#away.get(connection.id) ?? 0) > clock.now()) {
      throw new AppError('STUDIO_UNREACHABLE', 'Label Studio did not answer a moment ago.');
    }
    const reply = await studioClient(fetch, connection, AbortSignal.timeout(ASK_MS)).get(path);
    this.#silent.delete(connection.id);
    return reply;
  }

  async #apply(connection: Connection, event: Json): Promise<void> {
    if (!isJsonObject(event)) return;
    const ofProject = projectNumber(event.project);
    // Webhooks of a whole organisation tell of every project.
    if (ofProject !== null && connection.studioProject !== null && ofProject !== connection.studioProject) return;
    if (isKnownAction(event.action)) await APPLY[event.action].call(this, connection, event);
  }

  /** `annotation` is one or a list, and so is `task`. */
  async annotations(connection: Connection, event: JsonObject): Promise<void> {
    const { read, problems } = annotationsIn(listOf(event.annotation ?? event.annotations));
    const tasks = await this.#tasksOf(connection, listOf(event.task ?? event.tasks), read);
    for (const given of read) {
      const { studioTask } = given;
      const task = studioTask === null ? undefined : tasks.get(studioTask);
      if (task) await this.#intake.annotation(connection, given, task, studioTask!);
    }
    if (problems.length > 0) throw new AppError('INPUT_BAD_RESULT', `An annotation ${problems[0]}.`);
  }

  async dropped(connection: Connection, event: JsonObject): Promise<void> {
    await this.#intake.dropAnnotations(connection, idsIn(event.annotations ?? event.annotation));
  }

  async tasks(connection: Connection, event: JsonObject): Promise<void> {
    await this.#intake.tasks(connection, await this.#read(connection, listOf(event.tasks ?? event.task)));
  }

  async tasksDropped(connection: Connection, event: JsonObject): Promise<void> {
    await this.#intake.dropTasks(connection, idsIn(event.tasks ?? event.task));
  }

  /**
   * Only a sign that something has changed: an old event that comes late, or again, must not bring an old config back.
   * Without a token the next `setup` brings the new one. One question answers all that were there before it.
   */
  async project(connection: Connection): Promise<void> {
    if (connection.url === null || connection.studioProject === null || tokenOf(connection) === null) return;
    if (this.#followed.has(connection.id)) return;
    const project = await this.#get(connection, `/api/projects/${connection.studioProject}/`);
    const config = isJsonObject(project) ? project.label_config : undefined;
    if (typeof config === 'string') await this.#follow(connection, config);
    this.#followed.add(connection.id);
  }

  async train(connection: Connection): Promise<void> {
    await enqueueTraining(this.#deps, connection.projectId);
  }

  /** What the old `train` call brings: all tasks with their annotations. */
  async trainWith(connection: Connection, event: JsonObject): Promise<void> {
    const tasks = listOf(event.annotations);
    await this.#intake.tasks(connection, await this.#read(connection, tasks));
    const annotation = tasks.flatMap((task) =>
      isJsonObject(task)
        ? listOf(task.annotations ?? task.completions).map((one) =>
            isJsonObject(one) ? { ...one, task: task.id ?? null } : one,
          )
        : [],
    );
    await this.annotations(connection, { annotation, task: tasks });
  }

  /** The tasks that annotations belong to, taken from the event, or asked for where it does not say. */
  async #tasksOf(connection: Connection, given: readonly Json[], annotations: readonly GivenAnnotation[]) {
    const read = await this.#read(connection, given);
    const there = new Set(read.map((one) => one.studioId));
    const { store } = this.#deps;
    const others = [...new Set(annotations.flatMap((one) => one.studioTask ?? []))].filter((id) => !there.has(id));
    const known = new Set((await store.studio.tasks(connection.id, others)).map((row) => row.studioId));
    for (const id of others) if (!known.has(id)) read.push(...(await this.#ask(connection, id)));
    const taken = await this.#intake.tasks(connection, read);
    const byId = new Map(taken.flatMap(({ given: one, task }) => (task ? [[one.studioId, task] as const] : [])));
    for (const row of await store.studio.tasks(connection.id, [...known])) {
      const task = row.taskId === null ? undefined : await store.tasks.get(row.taskId);
      if (task) byId.set(row.studioId, task);
    }
    return byId;
  }

  async #ask(connection: Connection, id: number): Promise<GivenTask[]> {
    const task = await this.#get(connection, `/api/tasks/${id}/?${AS_WRITTEN}`);
    return this.#read(connection, [task]);
  }

  async #read(connection: Connection, values: readonly Json[]): Promise<GivenTask[]> {
    const { store } = this.#deps;
    const project = await found('project', connection.projectId, store.projects.get(connection.projectId));
    const { parsed } = this.#configs.of(project);
    const ours = await orderFields(store, connection);
    return values.flatMap((value) => {
      const given = readTask(value, parsed, ours);
      return given && given.studioId !== null ? [given] : [];
    });
  }
}

type Apply = (this: Inbox, connection: Connection, event: JsonObject) => Promise<void>;

const APPLY: Readonly<Record<Action, Apply>> = {
  ANNOTATION_CREATED: Inbox.prototype.annotations,
  ANNOTATIONS_CREATED: Inbox.prototype.annotations,
  ANNOTATION_UPDATED: Inbox.prototype.annotations,
  ANNOTATIONS_DELETED: Inbox.prototype.dropped,
  TASKS_CREATED: Inbox.prototype.tasks,
  TASKS_DELETED: Inbox.prototype.tasksDropped,
  PROJECT_UPDATED: Inbox.prototype.project,
  START_TRAINING: Inbox.prototype.train,
  HEADSTART_TRAIN_WITH: Inbox.prototype.trainWith,
};

function idsIn(value: Json | undefined): number[] {
  return listOf(value).flatMap((one) => idOf(isJsonObject(one) ? one.id : one) ?? []);
}
