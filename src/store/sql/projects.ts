/** Projects and their totals. */
import { isoTime } from '../../core/clock.ts';
import type { Project, ProjectSettings } from '../../core/domain.ts';
import type { NewProject, ProjectCounts, ProjectStore } from '../ports/projects.ts';
import { type Context, found } from './context.ts';
import { breather } from './engine.ts';
import { query } from './query.ts';
import { toProject } from './rows.ts';
import type { Database } from './schema.ts';

const byId = query<{ id: number }>()((db, p) =>
  db.selectFrom('projects').selectAll().where('id', '=', p.id).where('deleted_at', 'is', null),
);

/** One row per bar of the histogram of answers, or a single one with nulls. */
const totals = query<{ id: number }>()((db, p) =>
  db
    .selectFrom('projects')
    .innerJoin('project_counts', 'project_counts.project_id', 'projects.id')
    .leftJoin('answer_counts', 'answer_counts.project_id', 'projects.id')
    .where('projects.id', '=', p.id)
    .where('projects.deleted_at', 'is', null)
    .select([
      'projects.settings',
      'project_counts.tasks',
      'project_counts.annotations',
      'project_counts.skipped',
      'project_counts.ground_truth',
      'answer_counts.answers',
      'answer_counts.tasks as tasksWithThem',
    ]),
);

/** The project or NOT_FOUND. */
export async function requireProject(db: Database, id: number): Promise<Project> {
  return toProject(found(await byId.first(db, { id }), 'project', id));
}

export function projectStore({ engine, clock }: Context): ProjectStore {
  return {
    create: (project) => engine.write((db) => create(db, project, isoTime(clock))),
    get: async (id) => {
      const row = await byId.first(engine.reader, { id });
      return row && toProject(row);
    },
    list: (options = {}) => list(engine.reader, options.archived),
    update: (id, change) => engine.write((db) => update(db, id, change, isoTime(clock))),
    delete: async (id) => {
      await engine.write((db) => hide(db, id, isoTime(clock)));
      await purge({ engine, clock }, id);
    },
    counts: (id) => counts(engine.reader, id),
  };
}

async function create(db: Database, project: NewProject, now: string): Promise<Project> {
  const { settings, labelConfig, ...texts } = project;
  const row = await db
    .insertInto('projects')
    .values({
      title: texts.title,
      description: texts.description,
      instruction: texts.instruction,
      label_config: labelConfig,
      settings: JSON.stringify(settings),
      created_at: now,
      updated_at: now,
      archived_at: null,
      deleted_at: null,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  await db
    .insertInto('project_counts')
    .values({ project_id: row.id, tasks: 0, annotations: 0, skipped: 0, ground_truth: 0 })
    .execute();
  return toProject(row);
}

async function list(db: Database, archived: boolean | undefined): Promise<Project[]> {
  let rows = db.selectFrom('projects').selectAll().where('deleted_at', 'is', null).orderBy('id');
  if (archived !== undefined) rows = rows.where('archived_at', archived ? 'is not' : 'is', null);
  return (await rows.execute()).map(toProject);
}

async function update(
  db: Database,
  id: number,
  { archived, ...change }: Partial<NewProject> & { archived?: boolean },
  now: string,
): Promise<Project> {
  const old = await requireProject(db, id);
  const next = { ...old, ...change };
  const archivedAt = archived === undefined ? old.archivedAt : archived ? (old.archivedAt ?? now) : null;
  await db
    .updateTable('projects')
    .set({
      title: next.title,
      description: next.description,
      instruction: next.instruction,
      label_config: next.labelConfig,
      settings: JSON.stringify(next.settings),
      archived_at: archivedAt,
      updated_at: now,
    })
    .where('id', '=', id)
    .execute();
  return { ...next, archivedAt, updatedAt: now };
}

async function counts(db: Database, id: number): Promise<ProjectCounts> {
  const rows = await totals.all(db, { id });
  const first = found(rows[0], 'project', id);
  const { overlap } = JSON.parse(first.settings) as ProjectSettings;
  const withAtLeast = (least: number): number =>
    rows.reduce((sum, { answers, tasksWithThem }) => sum + ((answers ?? 0) >= least ? (tasksWithThem ?? 0) : 0), 0);
  return {
    tasks: first.tasks,
    labeledTasks: withAtLeast(1),
    finishedTasks: withAtLeast(Math.max(1, overlap)),
    annotations: first.annotations,
    skipped: first.skipped,
    groundTruth: first.ground_truth,
  };
}

/** From here on the project is gone for everybody; its workers lose their leases and its tokens open nothing. */
async function hide(db: Database, id: number, now: string): Promise<void> {
  await requireProject(db, id);
  await db.updateTable('projects').set({ deleted_at: now }).where('id', '=', id).execute();
  await db.deleteFrom('jobs').where('project_id', '=', id).execute();
  await db.deleteFrom('tokens').where('project_id', '=', id).execute();
}

/** Few enough that their removal, with all that hangs on them, holds the thread only for some milliseconds. */
const PURGE_TASKS = 100;

const purgeSome = query<{ id: number; limit: number }>()((db, p) =>
  db
    .deleteFrom('tasks')
    .where('id', 'in', (eb) => eb.selectFrom('tasks').select('id').where('project_id', '=', p.id).limit(p.limit)),
);

/** Removes the rows of a hidden project piece by piece; it may be broken off and taken up again. */
async function purge({ engine }: Context, id: number): Promise<void> {
  const pause = breather();
  for (let removed = PURGE_TASKS; removed === PURGE_TASKS; ) {
    removed = await engine.write(async (db) => purgeSome.run(db, { id, limit: PURGE_TASKS }), { bulk: true });
    await pause();
  }
  await engine.write(async (db) => {
    await db.deleteFrom('runs').where('project_id', '=', id).execute();
    await db.deleteFrom('projects').where('id', '=', id).execute();
  });
}

/** Finishes deletions that a stop of the program has interrupted. */
export async function purgeDeleted(context: Context): Promise<void> {
  const rows = await context.engine.reader
    .selectFrom('projects')
    .select('id')
    .where('deleted_at', 'is not', null)
    .execute();
  for (const { id } of rows) await purge(context, id);
}
