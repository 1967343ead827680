/** Which annotation of a Label Studio server is which of ours, and what both sides last agreed on. */
import { isoTime } from '../../core/clock.ts';
import { answerHash, type SendingAnnotation, type SharedAnnotation } from '../../core/connection.ts';
import type { SavedAnnotation, StudioAnnotation, StudioStore } from '../ports/studio.ts';
import { remove, submit, update } from './annotations.ts';
import type { Context } from './context.ts';
import { chunks } from './engine.ts';
import { LIST_MAX, listQuery, query } from './query.ts';
import { toAnnotation } from './rows.ts';
import type { Database, Row } from './schema.ts';

const known = query<{ connectionId: number; studioId: number }>()((db, p) =>
  db
    .selectFrom('studio_annotations')
    .selectAll()
    .where('connection_id', '=', p.connectionId)
    .where('studio_id', '=', p.studioId),
);

const saveKnown = query<SharedAnnotation & { connectionId: number }>()((db, p) =>
  db
    .insertInto('studio_annotations')
    .values({
      connection_id: p.connectionId,
      studio_id: p.studioId,
      annotation_id: p.annotationId,
      changed_at: p.changedAt,
      agreed: p.agreed,
      studio_task: p.studioTask,
    })
    .onConflict((conflict) =>
      conflict.columns(['connection_id', 'studio_id']).doUpdateSet((eb) => ({
        annotation_id: eb.ref('excluded.annotation_id'),
        changed_at: eb.ref('excluded.changed_at'),
        agreed: eb.ref('excluded.agreed'),
        studio_task: eb.ref('excluded.studio_task'),
      })),
    ),
);

const ofOurTask = query<{ connectionId: number; taskId: number }>()((db, p) =>
  db
    .selectFrom('studio_annotations')
    .innerJoin('annotations', 'annotations.id', 'studio_annotations.annotation_id')
    .where('annotations.task_id', '=', p.taskId)
    .where('studio_annotations.connection_id', '=', p.connectionId)
    .select('studio_annotations.studio_id')
    .orderBy('studio_annotations.studio_id'),
);

const ofOurs = listQuery<{ connectionId: number }>()((db, ids, p) =>
  db
    .selectFrom('studio_annotations')
    .selectAll()
    .where('annotation_id', 'in', ids)
    .where('connection_id', '=', p.connectionId),
);

/** A task that is gone here takes its answers along, which says nothing of the answers over there. */
const deleted = query<{ connectionId: number; after: number; limit: number }>()((db, p) =>
  db
    .selectFrom('studio_annotations as known')
    .innerJoin('studio_tasks as task', (join) =>
      join.onRef('task.connection_id', '=', 'known.connection_id').onRef('task.studio_id', '=', 'known.studio_task'),
    )
    .where('task.task_id', 'is not', null)
    .where('known.connection_id', '=', p.connectionId)
    .where('known.studio_id', '>', p.after)
    .where('known.annotation_id', 'is', null)
    .where('known.agreed', '!=', '')
    .selectAll('known')
    .orderBy('known.studio_id')
    .limit(p.limit),
);

const mine = query<{ id: number }>()((db, p) => db.selectFrom('annotations').selectAll().where('id', '=', p.id));

/** Kept beside theirs, it is no copy of theirs any more. */
const detach = query<{ id: number; note: string }>()((db, p) =>
  db.updateTable('annotations').set({ submission_id: '', note: p.note }).where('id', '=', p.id),
);

const sendingOf = query<{ connectionId: number; annotationId: number }>()((db, p) =>
  db
    .selectFrom('studio_sending')
    .selectAll()
    .where('connection_id', '=', p.connectionId)
    .where('annotation_id', '=', p.annotationId),
);

const sendingTo = query<{ connectionId: number; studioTask: number }>()((db, p) =>
  db
    .selectFrom('studio_sending')
    .selectAll()
    .where('connection_id', '=', p.connectionId)
    .where('studio_task', '=', p.studioTask),
);

const insertSending = query<SendingAnnotation & { connectionId: number }>()((db, p) =>
  db
    .insertInto('studio_sending')
    .values({
      connection_id: p.connectionId,
      annotation_id: p.annotationId,
      studio_task: p.studioTask,
      key: p.key,
      agreed: p.agreed,
    })
    // The key of the first attempt stays: it may have arrived.
    .onConflict((conflict) =>
      conflict.columns(['connection_id', 'annotation_id']).doUpdateSet((eb) => ({ agreed: eb.ref('excluded.agreed') })),
    ),
);

const endSending = query<{ connectionId: number; annotationId: number }>()((db, p) =>
  db
    .deleteFrom('studio_sending')
    .where('connection_id', '=', p.connectionId)
    .where('annotation_id', '=', p.annotationId),
);

type Answers = Pick<
  StudioStore,
  'saveAnnotation' | 'dropAnnotations' | 'annotationsOf' | 'shared' | 'deletedHere' | 'sending' | 'agree'
>;

export function studioAnswers({ engine, clock }: Context): Answers {
  const { reader } = engine;
  return {
    saveAnnotation: (connectionId, given) =>
      engine.write((db) => saveAnnotation(db, connectionId, given, isoTime(clock))),
    dropAnnotations: (connectionId, ids) =>
      engine.write((db) => dropAnnotations(db, connectionId, ids, isoTime(clock))),
    annotationsOf: async (connectionId, taskId) =>
      (await ofOurTask.all(reader, { connectionId, taskId })).map((row) => row.studio_id),
    async shared(connectionId, annotationIds) {
      const rows: Row<'studio_annotations'>[] = [];
      for (const ids of chunks(annotationIds, LIST_MAX))
        rows.push(...(await ofOurs.all(reader, { connectionId }, ids)));
      return rows.map(toShared);
    },
    deletedHere: async (connectionId, after, limit) =>
      (await deleted.all(reader, { connectionId, after, limit })).map(toShared),
    sending: (connectionId, one) =>
      engine.write(async (db) => {
        const row = await sendingOf.first(db, { connectionId, annotationId: one.annotationId });
        await insertSending.run(db, { connectionId, ...one });
        return row && toSending(row);
      }),
    agree: (connectionId, one) =>
      engine.write(async (db) => {
        const gone = one.annotationId !== null && !(await mine.first(db, { id: one.annotationId }));
        await saveKnown.run(db, { connectionId, ...one, ...(gone ? { annotationId: null } : {}) });
        if (one.annotationId !== null) await endSending.run(db, { connectionId, annotationId: one.annotationId });
      }),
  };
}

async function saveAnnotation(
  db: Database,
  connectionId: number,
  given: StudioAnnotation,
  now: string,
): Promise<SavedAnnotation | undefined> {
  const { studioId, studioTask, changedAt, annotation: theirs } = given;
  const agreed = answerHash(theirs);
  const row = (await known.first(db, { connectionId, studioId })) ?? (await sentFromHere(db, connectionId, given));
  // Gone for good, or a word that is not newer than what is here.
  if (row && (isGoneForGood(row) || row.changed_at >= changedAt)) return undefined;
  const ours = row?.annotation_id == null ? undefined : await mine.first(db, { id: row.annotation_id });
  const save = (annotationId: number | null) =>
    saveKnown.run(db, { connectionId, studioId, studioTask, annotationId, changedAt, agreed });
  if (ours === undefined) {
    // Sent and deleted here in the meantime: the next push takes it back over there.
    if (row?.agreed === agreed) return void (await save(null));
    const { annotation } = await submit(db, theirs, now);
    await save(annotation.id);
    return { annotation, kept: null };
  }
  const own = answerHash(toAnnotation(ours));
  // The same by now, or over there nothing that counts has changed.
  if (own === agreed || row!.agreed === agreed) return void (await save(ours.id));
  if (row!.agreed === '' || row!.agreed === own) {
    const annotation = await update(db, ours.id, theirs, now);
    await save(annotation.id);
    return { annotation, kept: null };
  }
  await detach.run(db, { id: ours.id, note: KEPT_NOTE });
  const { annotation } = await submit(db, theirs, now);
  await save(annotation.id);
  return { annotation, kept: ours.id };
}

const KEPT_NOTE = 'Changed here while it was changed in Label Studio too: both are kept.';

function isGoneForGood({ annotation_id, agreed }: Pick<Row<'studio_annotations'>, 'annotation_id' | 'agreed'>) {
  return annotation_id === null && agreed === '';
}

/** An answer of ours that comes back before its arrival was heard of: told by its key, or else by what it says. */
async function sentFromHere(
  db: Database,
  connectionId: number,
  { studioTask, key, annotation }: StudioAnnotation,
): Promise<Pick<Row<'studio_annotations'>, 'annotation_id' | 'agreed' | 'changed_at'> | undefined> {
  const agreed = answerHash(annotation);
  const sent = (await sendingTo.all(db, { connectionId, studioTask })).find((one) =>
    key === null ? one.agreed === agreed : one.key === key,
  );
  if (sent === undefined) return undefined;
  await endSending.run(db, { connectionId, annotationId: sent.annotation_id });
  return { annotation_id: sent.annotation_id, agreed: sent.agreed, changed_at: '' };
}

async function dropAnnotations(db: Database, connectionId: number, studioIds: readonly number[], now: string) {
  const tasks = new Set<number>();
  const kept: number[] = [];
  for (const studioId of studioIds) {
    const row = await known.first(db, { connectionId, studioId });
    const ours = row?.annotation_id == null ? undefined : await mine.first(db, { id: row.annotation_id });
    const studioTask = row?.studio_task ?? null;
    if (ours && row!.agreed !== '' && row!.agreed !== answerHash(toAnnotation(ours))) {
      await detach.run(db, { id: ours.id, note: KEPT_NOTE });
      kept.push(ours.id);
    } else if (ours) tasks.add(await remove(db, ours.id));
    await saveKnown.run(db, { connectionId, studioId, studioTask, annotationId: null, changedAt: now, agreed: '' });
  }
  return { tasks: [...tasks], kept };
}

function toShared(row: Row<'studio_annotations'>): SharedAnnotation {
  return {
    studioId: row.studio_id,
    studioTask: row.studio_task,
    annotationId: row.annotation_id,
    changedAt: row.changed_at,
    agreed: row.agreed,
  };
}

function toSending(row: Row<'studio_sending'>): SendingAnnotation {
  return { annotationId: row.annotation_id, studioTask: row.studio_task, key: row.key, agreed: row.agreed };
}
