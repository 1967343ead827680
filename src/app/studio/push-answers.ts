/** Answers given here on their way to Label Studio: each once, whatever breaks in between, and none over a newer one. */
import { answerHash, type Connection, type SendingAnnotation, type SharedAnnotation } from '../../core/connection.ts';
import type { Annotation } from '../../core/domain.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { type Json, type JsonObject, stableHash } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { isRefusedAlone, refusedWith, type StudioClient } from './client.ts';
import { annotationsIn, type Intake } from './intake.ts';
import { peopleThere } from './people.ts';
import { patiently } from './push.ts';
import { type GivenAnnotation, listOf, readAnnotation } from './wire.ts';

/** Tasks per look at the store. */
const PAGE = 100;

export interface AnswerCounts {
  created: number;
  changed: number;
  deleted: number;
  /** Changed on both sides: Label Studio keeps its answer, ours goes there as another one. */
  conflicts: number;
  /** Label Studio does not take them; the reason of each is in the job's list. */
  refused: number;
  /** Answers of bulk acts stay here, because over there they would pass for somebody's. */
  ofBulkActs: number;
  /** People whom Label Studio does not know, with how many answers went there under the name of the token. */
  unknownPeople: Record<string, number>;
}

interface Parts {
  readonly deps: Deps;
  readonly intake: Intake;
}

/** Nothing is sent by a dry run. */
export async function pushAnswers(
  { deps, intake }: Parts,
  connection: Connection,
  work: JobWork,
  client: StudioClient,
  dryRun: boolean,
): Promise<AnswerCounts> {
  const counts: AnswerCounts = {
    ...{ created: 0, changed: 0, deleted: 0, conflicts: 0, refused: 0, ofBulkActs: 0 },
    unknownPeople: {},
  };
  const sender = new Sender({ deps, intake }, connection, work, client, counts);
  const { annotations: total } = await deps.store.projects.counts(connection.projectId);
  let done = 0;
  for await (const answers of answersOf(deps, connection)) {
    for (const { studioTask, annotation, shared } of answers) {
      throwIfStopped(work.signal);
      if (annotation.runId !== null) {
        counts.ofBulkActs += 1;
        continue;
      }
      try {
        if (shared === undefined) await sender.create(studioTask, annotation, dryRun);
        else if (shared.agreed !== answerHash(annotation)) await sender.change(shared, studioTask, annotation, dryRun);
      } catch (error) {
        // Its task is gone, or it does not fit over there: the others go on.
        if (!isRefusedAlone(error)) throw error;
        counts.refused += 1;
        await work.itemFailed(annotation.taskId, toAppError(error));
      }
    }
    done += answers.length;
    await work.progress({ stage: dryRun ? 'looking at answers' : 'answers', done, total: Math.max(done, total) });
  }
  for (let after = 0; ; ) {
    const gone = await deps.store.studio.deletedHere(connection.id, after, PAGE);
    if (gone.length === 0) return counts;
    after = gone.at(-1)!.studioId;
    for (const one of gone) {
      throwIfStopped(work.signal);
      await sender.remove(one, dryRun);
    }
  }
}

interface Answer {
  readonly studioTask: number;
  readonly annotation: Annotation;
  /** Undefined for one that is only here. */
  readonly shared: SharedAnnotation | undefined;
}

/** Of all tasks that both sides have, some at a time. */
async function* answersOf({ store }: Deps, connection: Connection): AsyncGenerator<Answer[]> {
  for (let after = 0; ; ) {
    const rows = await store.studio.page(connection.id, after, PAGE);
    if (rows.length === 0) return;
    after = rows.at(-1)!.studioId;
    const studioTaskOf = new Map(rows.map((row) => [row.taskId!, row.studioId]));
    const annotations = await store.annotations.ofTasks([...studioTaskOf.keys()]);
    const ids = annotations.map((one) => one.id);
    const shared = new Map((await store.studio.shared(connection.id, ids)).map((one) => [one.annotationId, one]));
    yield annotations.map((annotation) => ({
      studioTask: studioTaskOf.get(annotation.taskId)!,
      annotation,
      shared: shared.get(annotation.id),
    }));
  }
}

class Sender {
  readonly #parts: Parts;
  readonly #connection: Connection;
  readonly #work: JobWork;
  readonly #client: StudioClient;
  readonly #counts: AnswerCounts;
  readonly #people: (annotatorId: number) => Promise<{ name: string; studioUser: number | null }>;

  constructor(parts: Parts, connection: Connection, work: JobWork, client: StudioClient, counts: AnswerCounts) {
    this.#parts = parts;
    this.#connection = connection;
    this.#work = work;
    this.#client = client;
    this.#counts = counts;
    this.#people = peopleThere(parts.deps.store, client);
  }

  /** Written down, sent, agreed on. What may have arrived already is looked for before it is sent again. */
  async create(studioTask: number, annotation: Annotation, dryRun: boolean): Promise<void> {
    const { name, studioUser } = await this.#people(annotation.annotatorId);
    const count = (): void => {
      this.#counts.created += 1;
      if (studioUser === null) this.#counts.unknownPeople[name] = (this.#counts.unknownPeople[name] ?? 0) + 1;
    };
    if (dryRun) return count();
    const { studio } = this.#parts.deps.store;
    const fresh = {
      annotationId: annotation.id,
      studioTask,
      key: this.#keyOf(annotation),
      agreed: answerHash(annotation),
    };
    const earlier = await studio.sending(this.#connection.id, fresh);
    const sending = earlier ?? fresh;
    const body = {
      ...wireOf(annotation),
      unique_id: sending.key,
      ...(studioUser === null ? {} : { completed_by: studioUser }),
    };
    let mayBeThere = earlier !== undefined;
    const made = await patiently(this.#work, async () => {
      const there = mayBeThere ? await this.#find(annotation.taskId, sending) : undefined;
      mayBeThere = true;
      if (there) return { there, agreed: sending.agreed };
      try {
        const reply = await this.#client.post(`/api/tasks/${studioTask}/annotations/`, body);
        return { there: understood(reply), agreed: fresh.agreed };
      } catch (error) {
        // This key is taken: it has arrived before.
        const known = refusedWith(error) === 409 ? await this.#find(annotation.taskId, sending) : undefined;
        if (known === undefined) throw error;
        return { there: known, agreed: sending.agreed };
      }
    });
    const { there, agreed } = made;
    await this.#agree({ studioId: there.studioId, studioTask, changedAt: there.changedAt, agreed }, annotation.id);
    count();
  }

  /** Over there it may have been changed as well, since it was last looked at. */
  async change(shared: SharedAnnotation, studioTask: number, annotation: Annotation, dryRun: boolean): Promise<void> {
    if (shared.agreed === '') {
      // Shared before it was kept what both sides agreed on: what is here counts as that.
      if (!dryRun) await this.#agree({ ...shared, studioTask, agreed: answerHash(annotation) }, annotation.id);
      return;
    }
    if (dryRun) {
      this.#counts.changed += 1;
      return;
    }
    const path = `/api/annotations/${shared.studioId}/`;
    const theirs = await this.#current(path);
    if (theirs === null) {
      // Deleted there while it was changed here: the change is kept, as an answer of its own.
      await this.#parts.intake.dropAnnotations(this.#connection, [shared.studioId]);
      this.#counts.conflicts += 1;
      return this.create(studioTask, annotation, false);
    }
    const agreed = answerHash(annotation);
    const { studioId, changedAt } = theirs;
    if (answerHash(theirs.answer) === agreed) {
      return this.#agree({ studioId, studioTask, changedAt, agreed }, annotation.id);
    }
    if (changedAt > shared.changedAt && (await this.#isConflict(theirs, studioTask, annotation))) {
      return this.create(studioTask, annotation, false);
    }
    const reply = await patiently(this.#work, () => this.#client.patch(path, wireOf(annotation)));
    this.#counts.changed += 1;
    await this.#agree({ studioId, studioTask, changedAt: understood(reply).changedAt, agreed }, annotation.id);
  }

  async remove(shared: SharedAnnotation, dryRun: boolean): Promise<void> {
    if (dryRun) {
      this.#counts.deleted += 1;
      return;
    }
    const path = `/api/annotations/${shared.studioId}/`;
    const theirs = await this.#current(path);
    if (theirs !== null && theirs.changedAt > shared.changedAt) {
      const task = await this.#taskOf(shared.studioTask!);
      const saved = task && (await this.#parts.intake.annotation(this.#connection, theirs, task, shared.studioTask!));
      // Changed there after it had been deleted here: it comes back.
      if (saved) {
        this.#counts.conflicts += 1;
        return;
      }
    }
    if (theirs !== null) {
      await patiently(this.#work, async () => {
        try {
          await this.#client.delete(path);
        } catch (error) {
          if (refusedWith(error) !== 404) throw error;
        }
      });
    }
    this.#counts.deleted += 1;
    await this.#agree({ ...shared, agreed: '' }, null);
  }

  /** Takes in what was changed over there; false when it says the same as ours, or as before. */
  async #isConflict(theirs: GivenAnnotation, studioTask: number, annotation: Annotation): Promise<boolean> {
    const task = await this.#parts.deps.store.tasks.get(annotation.taskId);
    const saved = task && (await this.#parts.intake.annotation(this.#connection, theirs, task, studioTask));
    if (!saved || saved.kept === null) return false;
    this.#counts.conflicts += 1;
    return true;
  }

  async #taskOf(studioTask: number) {
    const { studio, tasks } = this.#parts.deps.store;
    const [row] = await studio.tasks(this.#connection.id, [studioTask]);
    return row?.taskId == null ? undefined : tasks.get(row.taskId);
  }

  /** Null for one that is gone. */
  async #current(path: string): Promise<GivenAnnotation | null> {
    try {
      return understood(await patiently(this.#work, () => this.#client.get(path)));
    } catch (error) {
      if (refusedWith(error) === 404) return null;
      throw error;
    }
  }

  /** By its key; where the server does not tell keys, an answer that says the same and that nobody here knows yet. */
  async #find(taskId: number, { studioTask, key, agreed }: SendingAnnotation): Promise<GivenAnnotation | undefined> {
    const reply = await this.#client.get(`/api/tasks/${studioTask}/annotations/`);
    const { read } = annotationsIn(listOf(reply));
    const known = await this.#parts.deps.store.studio.annotationsOf(this.#connection.id, taskId);
    const fits = (one: GivenAnnotation) =>
      one.key === null && !known.includes(one.studioId) && answerHash(one.answer) === agreed;
    return read.find((one) => one.key === key) ?? read.find(fits);
  }

  #agree(shared: Omit<SharedAnnotation, 'annotationId'>, annotationId: number | null): Promise<void> {
    return this.#parts.deps.store.studio.agree(this.#connection.id, { ...shared, annotationId });
  }

  /** Another one for each change, because Label Studio keeps the key of what became its own answer. */
  #keyOf({ id, updatedAt }: Annotation): string {
    const { id: connection, createdAt } = this.#connection;
    return uuidOf(stableHash({ connection, createdAt, id, updatedAt }));
  }
}

function wireOf({ result, skipped, groundTruth, visibleMs }: Annotation): JsonObject {
  return {
    result: result as Json,
    was_cancelled: skipped,
    ground_truth: groundTruth,
    ...(visibleMs === null ? {} : { lead_time: visibleMs / 1000 }),
  };
}

function understood(reply: Json): GivenAnnotation {
  const given = readAnnotation(reply);
  if (given) return given;
  throw new AppError('STUDIO_REFUSED', 'Label Studio did not answer with an annotation.');
}

/** RFC 9562, version 8: the digits are the hash's own. */
function uuidOf(hash: string): string {
  const digits = `${hash.slice(0, 12)}8${hash.slice(13, 16)}8${hash.slice(17, 32)}`;
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
