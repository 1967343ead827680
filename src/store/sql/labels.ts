/** Labels: the classes of a project's controls, by id, so that a rename touches one row and no vote. */
import { isoTime } from '../../core/clock.ts';
import type { Label } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { LabelStore } from '../ports/votes.ts';
import { type Context, found } from './context.ts';
import { requireProject } from './projects.ts';
import { query } from './query.ts';
import { toLabel } from './rows.ts';
import type { Database } from './schema.ts';

const byId = query<{ id: number }>()((db, p) => db.selectFrom('labels').selectAll().where('id', '=', p.id));

const ofProject = query<{ projectId: number }>()((db, p) =>
  db.selectFrom('labels').selectAll().where('project_id', '=', p.projectId).orderBy('id'),
);

const ofControl = query<{ projectId: number; control: string }>()((db, p) =>
  db
    .selectFrom('labels')
    .selectAll()
    .where('project_id', '=', p.projectId)
    .where('control', '=', p.control)
    .orderBy('id'),
);

export function labelStore({ engine, clock }: Context): LabelStore {
  return {
    list: async (projectId) => (await ofProject.all(engine.reader, { projectId })).map(toLabel),
    sync: (projectId, control, values) => engine.write((db) => sync(db, projectId, control, values, isoTime(clock))),
    rename: (id, value) => engine.write((db) => rename(db, id, value)),
    merge: (from, into) => engine.write((db) => merge(db, from, into, isoTime(clock))),
  };
}

async function sync(
  db: Database,
  projectId: number,
  control: string,
  values: readonly string[],
  now: string,
): Promise<Label[]> {
  await requireProject(db, projectId);
  const rows = await ofControl.all(db, { projectId, control });
  const wanted = new Set(values);
  const gone = rows.filter((row) => row.removed_at === null && !wanted.has(row.value));
  for (const row of gone) await setRemoved(db, row.id, now);
  const living: Label[] = [];
  for (const value of wanted) {
    // A label that comes back is the one it was, with its votes; one that was merged away is not.
    const same = rows.filter((row) => row.value === value && row.merged_into === null);
    const known = same.find((row) => row.removed_at === null) ?? same.at(-1);
    if (known?.removed_at) await setRemoved(db, known.id, null);
    living.push(known ? toLabel({ ...known, removed_at: null }) : await add(db, projectId, control, value));
  }
  return living;
}

async function setRemoved(db: Database, id: number, removedAt: string | null): Promise<void> {
  await db.updateTable('labels').set({ removed_at: removedAt }).where('id', '=', id).execute();
}

async function add(db: Database, projectId: number, control: string, value: string): Promise<Label> {
  const row = await db
    .insertInto('labels')
    .values({ project_id: projectId, control, value, removed_at: null, merged_into: null })
    .returningAll()
    .executeTakeFirstOrThrow();
  return toLabel(row);
}

async function rename(db: Database, id: number, value: string): Promise<void> {
  const row = found(await byId.first(db, { id }), 'label', id);
  const others = await ofControl.all(db, { projectId: row.project_id, control: row.control });
  if (others.some((one) => one.id !== id && one.value === value && one.removed_at === null)) {
    throw new AppError('CONFLICT', `There is a label '${value}' already; merge the two instead.`, {
      details: { label: id, value },
    });
  }
  await db.updateTable('labels').set({ value }).where('id', '=', id).execute();
}

/** Points `from`, and whatever was merged into it before, at `into`: readings follow the pointer. */
async function merge(db: Database, from: number, into: number, now: string): Promise<void> {
  const source = found(await byId.first(db, { id: from }), 'label', from);
  const target = found(await byId.first(db, { id: into }), 'label', into);
  const fits = source.project_id === target.project_id && source.control === target.control;
  if (from === into || !fits || target.removed_at !== null || source.merged_into !== null) {
    throw new AppError('CONFLICT', `Label ${from} cannot be merged into label ${into}.`, { details: { from, into } });
  }
  await db
    .updateTable('labels')
    .set({ merged_into: into, removed_at: now })
    .where((eb) => eb.or([eb('id', '=', from), eb('merged_into', '=', from)]))
    .execute();
}
