/** Model versions: the trained heads of a project's controls. */
import { isoTime } from '../../core/clock.ts';
import type { ModelVersion } from '../../core/domain.ts';
import type { ModelStore } from '../ports/models.ts';
import { type Context, found } from './context.ts';
import { requireProject } from './projects.ts';
import { query } from './query.ts';
import { toModel, toModelSummary } from './rows.ts';
import type { Database } from './schema.ts';

const byId = query<{ id: number }>()((db, p) => db.selectFrom('models').selectAll().where('id', '=', p.id));

const SUMMARY = [
  'id',
  'project_id',
  'control',
  'version',
  'number',
  'embedder',
  'trained_on',
  'metrics',
  'active',
  'verdict',
  'created_at',
] as const;

const ofProject = query<{ projectId: number }>()((db, p) =>
  db.selectFrom('models').select(SUMMARY).where('project_id', '=', p.projectId).orderBy('id'),
);

const activeOne = query<{ projectId: number; control: string }>()((db, p) =>
  db
    .selectFrom('models')
    .selectAll()
    .where('project_id', '=', p.projectId)
    .where('control', '=', p.control)
    .where('active', '=', 1),
);

const byVersion = query<{ projectId: number; control: string; version: string }>()((db, p) =>
  db
    .selectFrom('models')
    .selectAll()
    .where('project_id', '=', p.projectId)
    .where('control', '=', p.control)
    .where('version', '=', p.version),
);

const highest = query<{ projectId: number; control: string }>()((db, p) =>
  db
    .selectFrom('models')
    .where('project_id', '=', p.projectId)
    .where('control', '=', p.control)
    .select((eb) => eb.fn.max<number | null>('number').as('number')),
);

type NewModel = Parameters<ModelStore['add']>[0];

export function modelStore({ engine, clock }: Context): ModelStore {
  return {
    add: (model) => engine.write((db) => add(db, model, isoTime(clock))),
    get: async (id) => {
      const row = await byId.first(engine.reader, { id });
      return row && toModel(row);
    },
    list: async (projectId) => (await ofProject.all(engine.reader, { projectId })).map(toModelSummary),
    active: async (projectId, control) => {
      const row = await activeOne.first(engine.reader, { projectId, control });
      return row && toModel(row);
    },
    activate: (id, verdict) => engine.write((db) => activate(db, id, verdict)),
  };
}

/** The same weights trained on the same answers are the same version: adding it again returns the first row. */
async function add(db: Database, model: NewModel, now: string): Promise<ModelVersion> {
  await requireProject(db, model.projectId);
  const known = await byVersion.first(db, model);
  if (known) return toModel(known);
  const last = await highest.first(db, model);
  const row = await db
    .insertInto('models')
    .values({
      project_id: model.projectId,
      control: model.control,
      version: model.version,
      number: (last?.number ?? 0) + 1,
      embedder: model.embedder,
      trained_on: model.trainedOn,
      metrics: JSON.stringify(model.metrics),
      head: model.head,
      active: 0,
      verdict: model.verdict,
      created_at: now,
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toModel(row);
}

async function activate(db: Database, id: number, verdict: string): Promise<ModelVersion> {
  const row = found(await byId.first(db, { id }), 'model', id);
  await db
    .updateTable('models')
    .set({ active: 0 })
    .where('project_id', '=', row.project_id)
    .where('control', '=', row.control)
    .execute();
  await db.updateTable('models').set({ active: 1, verdict }).where('id', '=', id).execute();
  return toModel({ ...row, active: 1, verdict });
}
