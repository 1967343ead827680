/** Labels added, renamed, merged or removed while people label: what happens to the answers that use them. */
import type { Region } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { type Control, editResult, type LabelConfig, type LabelEdit } from '../../labelconfig/index.ts';
import type { Store } from '../../store/store.ts';
import type { LabelMigration } from './api.ts';

export interface LabelChange {
  /** Edits to carry into results, with the control as it was. */
  readonly edits: readonly { readonly control: Control; readonly edit: LabelEdit }[];
  /** Labels that vanish without a successor, per control. */
  readonly vanished: readonly { readonly control: Control; readonly label: string }[];
}

/** Throws INPUT_BAD_FIELD when the migration names labels that are not there. */
export function planLabelChange(before: LabelConfig, after: LabelConfig, migration: LabelMigration): LabelChange {
  const edits: { control: Control; edit: LabelEdit }[] = [];
  const vanished: { control: Control; label: string }[] = [];
  const renames = migration.rename ?? {};
  for (const control of before.controls) {
    const next = after.controls.find((one) => one.name === control.name);
    const kept = new Set(next?.labels.map((label) => label.name));
    const had = new Set(control.labels.map((label) => label.name));
    for (const label of had) {
      if (kept.has(label)) continue;
      const to = renames[label];
      if (to === undefined) vanished.push({ control, label });
      else if (!kept.has(to)) throw badTarget(label, to);
      else {
        const edit: LabelEdit = had.has(to)
          ? { kind: 'merge', control: control.name, label, into: to }
          : { kind: 'rename', control: control.name, label, to };
        edits.push({ control, edit });
      }
    }
  }
  if (migration.removed === 'drop') {
    for (const { control, label } of vanished)
      edits.push({ control, edit: { kind: 'remove', control: control.name, label } });
  }
  return { edits, vanished };
}

/** Rewrites annotations and labels. Throws LABELCONFIG_IN_USE when used labels vanish and nobody said what to do. */
export async function migrateLabels(
  store: Store,
  projectId: number,
  change: LabelChange,
  migration: LabelMigration,
): Promise<void> {
  if (change.vanished.length > 0 && migration.removed === undefined) await refuseIfUsed(store, projectId, change);
  if (change.edits.length === 0) return;
  await store.annotations.rewrite(projectId, (result) => {
    const next = change.edits.reduce<readonly Region[]>(
      (held, { control, edit }) => editResult(control, edit, held),
      result,
    );
    return next === result ? null : next;
  });
  const labels = await store.labels.list(projectId);
  const idOf = (control: string, value: string): number | undefined =>
    labels.find((label) => label.control === control && label.value === value && label.removedAt === null)?.id;
  for (const { control, edit } of change.edits) {
    const id = edit.kind === 'add' ? undefined : idOf(control.name, edit.label);
    if (id === undefined) continue;
    if (edit.kind === 'rename') await store.labels.rename(id, edit.to);
    const into = edit.kind === 'merge' ? idOf(control.name, edit.into) : undefined;
    if (into !== undefined) await store.labels.merge(id, into);
  }
}

async function refuseIfUsed(store: Store, projectId: number, { vanished }: LabelChange): Promise<void> {
  const used = new Map<string, number>();
  await store.annotations.rewrite(projectId, (result) => {
    for (const { control, label } of vanished) {
      const edit: LabelEdit = { kind: 'remove', control: control.name, label };
      if (JSON.stringify(editResult(control, edit, result)) !== JSON.stringify(result))
        used.set(label, (used.get(label) ?? 0) + 1);
    }
    return null;
  });
  if (used.size === 0) return;
  const list = [...used].map(([label, count]) => `"${label}" (${count})`).join(', ');
  throw new AppError(
    'LABELCONFIG_IN_USE',
    `Annotations use labels that the new config lacks: ${list}. Rename them, or say that they are kept or dropped.`,
    { details: { labels: Object.fromEntries(used) } },
  );
}

function badTarget(label: string, to: string): AppError {
  return new AppError('INPUT_BAD_FIELD', `"${label}" cannot become "${to}": the new config has no such label.`, {
    details: { field: 'migration.rename', label },
  });
}
