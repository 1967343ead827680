/** Annotations: what people answered. */
import { isoTime } from '../../core/clock.ts';
import type { Annotation, Region } from '../../core/domain.ts';
import type { AnnotationStore, NewAnnotation } from '../ports/annotations.ts';
import { type Context, found } from './context.ts';
import { recount } from './counts.ts';
import { breather, chunks } from './engine.ts';
import { LIST_MAX, listQuery, query } from './query.ts';
import { bit, toAnnotation } from './rows.ts';
import type { AnnotationTable, Database } from './schema.ts';
import { requireTask } from './task-lookup.ts';
import { standing } from './visible.ts';

/** Annotations whose run and whose task's run still stand. */
function visible(db: Database) {
  return db
    .selectFrom('annotations')
    .innerJoin('tasks', 'tasks.id', 'annotations.task_id')
    .where(standing('annotations.run_id'))
    .where(standing('tasks.run_id'))
    .selectAll('annotations');
}

const byId = query<{ id: number }>()((db, p) => visible(db).where('annotations.id', '=', p.id));

const bySubmission = query<{ taskId: number; annotatorId: number; submissionId: string }>()((db, p) =>
  db
    .selectFrom('annotations')
    .selectAll()
    .where('task_id', '=', p.taskId)
    .where('annotator_id', '=', p.annotatorId)
    .where('submission_id', '=', p.submissionId),
);

const ofTasks = listQuery<object>()((db, ids) =>
  visible(db).where('annotations.task_id', 'in', ids).orderBy('annotations.id'),
);

const page = query<{ projectId: number; after: number; limit: number }>()((db, p) =>
  visible(db)
    .where('annotations.project_id', '=', p.projectId)
    .where('annotations.id', '>', p.after)
    .orderBy('annotations.id')
    .limit(p.limit),
);

const latest = query<{ projectId: number; annotatorId: number; limit: number }>()((db, p) =>
  visible(db)
    .where('annotations.project_id', '=', p.projectId)
    .where('annotations.annotator_id', '=', p.annotatorId)
    .orderBy('annotations.id', 'desc')
    .limit(p.limit),
);

const tally = query<{ projectId: number }>()((db, p) =>
  db
    .selectFrom('annotations')
    .innerJoin('tasks', 'tasks.id', 'annotations.task_id')
    .where(standing('annotations.run_id'))
    .where(standing('tasks.run_id'))
    .where('annotations.project_id', '=', p.projectId)
    .groupBy(['annotations.annotator_id', 'annotations.skipped'])
    .select(['annotations.annotator_id', 'annotations.skipped'])
    .select((eb) => eb.fn.countAll<number>().as('answers')),
);

type NewRow = Omit<AnnotationTable, 'id'>;

const insertRow = query<NewRow>()((db, p) =>
  db
    .insertInto('annotations')
    .values({
      project_id: p.project_id,
      task_id: p.task_id,
      annotator_id: p.annotator_id,
      result: p.result,
      skipped: p.skipped,
      ground_truth: p.ground_truth,
      visible_ms: p.visible_ms,
      via: p.via,
      parent_prediction: p.parent_prediction,
      outcome: p.outcome,
      difference: p.difference,
      blind: p.blind,
      blind_result: p.blind_result,
      note: p.note,
      submission_id: p.submission_id,
      run_id: p.run_id,
      created_at: p.created_at,
      updated_at: p.updated_at,
    })
    .returning('id'),
);

/** Also one whose run was taken back: the run may be done again. */
const isStored = query<{ id: number }>()((db, p) => db.selectFrom('predictions').select('id').where('id', '=', p.id));

const endLease = query<{ taskId: number; annotatorId: number }>()((db, p) =>
  db.deleteFrom('leases').where('task_id', '=', p.taskId).where('annotator_id', '=', p.annotatorId),
);
const endPostponing = query<{ taskId: number; annotatorId: number }>()((db, p) =>
  db.deleteFrom('postponed').where('task_id', '=', p.taskId).where('annotator_id', '=', p.annotatorId),
);

const resultsFrom = query<{ projectId: number; after: number; limit: number }>()((db, p) =>
  db
    .selectFrom('annotations')
    .select(['id', 'result', 'blind_result'])
    .where('project_id', '=', p.projectId)
    .where('id', '>', p.after)
    .orderBy('id')
    .limit(p.limit),
);
const setResult = query<{ id: number; result: string; blindResult: string | null; now: string }>()((db, p) =>
  db
    .updateTable('annotations')
    .set({ result: p.result, blind_result: p.blindResult, updated_at: p.now })
    .where('id', '=', p.id),
);

export function annotationStore({ engine, clock }: Context): AnnotationStore {
  const { reader } = engine;
  return {
    submit: (annotation) => engine.write((db) => submit(db, annotation, isoTime(clock))),
    insert: (annotations) =>
      engine.write((db) => insertMany(db, annotations, isoTime(clock)), { bulk: annotations.length > 1 }),
    get: async (id) => {
      const row = await byId.first(reader, { id });
      return row && toAnnotation(row);
    },
    update: (id, change) => engine.write((db) => update(db, id, change, isoTime(clock))),
    delete: (id) => engine.write(async (db) => void (await remove(db, id))),
    ofTask: async (taskId) => (await ofTasks.all(reader, {}, [taskId])).map(toAnnotation),
    ofTasks: async (taskIds) => {
      const pause = breather();
      const all: Annotation[] = [];
      for (const ids of chunks(taskIds, LIST_MAX)) {
        all.push(...(await ofTasks.all(reader, {}, ids)).map(toAnnotation));
        await pause();
      }
      return all.sort((a, b) => a.id - b.id);
    },
    list: async (projectId, options) => (await page.all(reader, { projectId, ...options })).map(toAnnotation),
    countsByAnnotator: async (projectId) => {
      const counts = new Map<number, { annotatorId: number; annotations: number; skipped: number }>();
      for (const row of await tally.all(reader, { projectId })) {
        const annotatorId = row.annotator_id;
        const count = counts.get(annotatorId) ?? { annotatorId, annotations: 0, skipped: 0 };
        if (row.skipped) count.skipped += row.answers;
        else count.annotations += row.answers;
        counts.set(annotatorId, count);
      }
      return [...counts.values()];
    },
    recent: async (projectId, annotatorId, limit) =>
      (await latest.all(reader, { projectId, annotatorId, limit })).map(toAnnotation),
    rewrite: (projectId, change) =>
      engine.write((db) => rewrite(db, projectId, change, isoTime(clock)), { bulk: true }),
  };
}

export async function submit(
  db: Database,
  annotation: NewAnnotation,
  now: string,
): Promise<{ annotation: Annotation; created: boolean }> {
  const { taskId, annotatorId, submissionId, projectId } = annotation;
  const earlier = submissionId === '' ? undefined : await bySubmission.first(db, { taskId, annotatorId, submissionId });
  if (earlier) return { annotation: toAnnotation(earlier), created: false };
  await requireTask(db, taskId, projectId);
  const created = await insertOne(db, await withoutGone(db, annotation), now);
  await endLease.run(db, { taskId, annotatorId });
  await endPostponing.run(db, { taskId, annotatorId });
  await recount(db, projectId, [taskId]);
  return { annotation: created, created: true };
}

/** What was shown may be gone since it was looked up: its task was edited. */
async function withoutGone(db: Database, annotation: NewAnnotation): Promise<NewAnnotation> {
  const id = annotation.parentPrediction;
  if (id === null || (await isStored.first(db, { id })) !== undefined) return annotation;
  return { ...annotation, parentPrediction: null };
}

export async function insertMany(
  db: Database,
  annotations: readonly NewAnnotation[],
  now: string,
): Promise<Annotation[]> {
  const pause = breather();
  const all: Annotation[] = [];
  for (const one of annotations) {
    await requireTask(db, one.taskId, one.projectId);
    all.push(await insertOne(db, one, now));
    await pause();
  }
  for (const projectId of new Set(annotations.map((one) => one.projectId))) {
    const taskIds = annotations.filter((one) => one.projectId === projectId).map((one) => one.taskId);
    await recount(db, projectId, taskIds, pause);
  }
  return all;
}

async function insertOne(db: Database, annotation: NewAnnotation, now: string): Promise<Annotation> {
  const inserted = await insertRow.first(db, toRow(annotation, now, now));
  return { ...annotation, id: inserted!.id, createdAt: now, updatedAt: now };
}

export async function update(
  db: Database,
  id: number,
  change: Partial<NewAnnotation>,
  now: string,
): Promise<Annotation> {
  const old = toAnnotation(found(await byId.first(db, { id }), 'annotation', id));
  // An annotation never moves to another task or person.
  const { projectId, taskId, annotatorId } = old;
  const next = { ...old, ...change, projectId, taskId, annotatorId, updatedAt: now };
  await db
    .updateTable('annotations')
    .set(toRow(next, old.createdAt, now))
    .where('id', '=', id)
    .execute();
  await recount(db, projectId, [taskId]);
  return next;
}

/** Returns the task it belonged to. */
export async function remove(db: Database, id: number): Promise<number> {
  const row = found(await byId.first(db, { id }), 'annotation', id);
  await db.deleteFrom('annotations').where('id', '=', id).execute();
  await recount(db, row.project_id, [row.task_id]);
  return row.task_id;
}

/** Rows between two looks at the clock. */
const REWRITE_ROWS = 256;

async function rewrite(
  db: Database,
  projectId: number,
  change: (result: readonly Region[]) => readonly Region[] | null,
  now: string,
): Promise<number> {
  const pause = breather();
  let changed = 0;
  for (let after = 0, more = true; more; ) {
    const rows = await resultsFrom.all(db, { projectId, after, limit: REWRITE_ROWS });
    for (const { id, result, blind_result: before } of rows) {
      const next = change(JSON.parse(result) as Region[]);
      const first = before === null ? null : change(JSON.parse(before) as Region[]);
      if (next === null && first === null) continue;
      const blindResult = first ? JSON.stringify(first) : before;
      await setResult.run(db, { id, result: next ? JSON.stringify(next) : result, blindResult, now });
      changed++;
    }
    more = rows.length === REWRITE_ROWS;
    after = rows.at(-1)?.id ?? after;
    await pause();
  }
  return changed;
}

function toRow(one: NewAnnotation, createdAt: string, updatedAt: string): NewRow {
  return {
    project_id: one.projectId,
    task_id: one.taskId,
    annotator_id: one.annotatorId,
    result: JSON.stringify(one.result),
    skipped: bit(one.skipped),
    ground_truth: bit(one.groundTruth),
    visible_ms: one.visibleMs,
    via: one.via,
    parent_prediction: one.parentPrediction,
    outcome: one.outcome,
    difference: JSON.stringify(one.difference),
    blind: bit(one.blind),
    blind_result: one.blindResult && JSON.stringify(one.blindResult),
    note: one.note,
    submission_id: one.submissionId,
    run_id: one.runId,
    created_at: createdAt,
    updated_at: updatedAt,
  };
}
