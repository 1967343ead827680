/** The label config of a project at work; labels in use that would vanish get a successor, or are kept or dropped by name. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { plural } from '../format.ts';
import { ApiProblem, sentenceOf } from '../http.ts';
import { ConfigField } from '../parts/config-field.tsx';
import type { Project } from '../wire.ts';
import { dataApi, type ProjectChange } from './api.ts';

type Migration = NonNullable<ProjectChange['label_migration']>;

export function Labels({ project }: { project: Project }): ReactNode {
  const queries = useQueryClient();
  const [config, setConfig] = useState(project.label_config);
  const [migration, setMigration] = useState<Migration>({});
  const save = useMutation({
    mutationFn: () => dataApi.change(project.id, { label_config: config, label_migration: migration }),
    onSuccess: async () => {
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(project.id) });
      setMigration({});
    },
  });
  const used = usedLabels(save.error);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form className="card stack" aria-labelledby="labels-title" onSubmit={submit}>
      <h2 id="labels-title">Labels</h2>
      <ConfigField
        config={config}
        onChange={(text) => {
          setConfig(text);
          setMigration({});
          save.reset();
        }}
      />
      {used !== null && <Successors used={used} migration={migration} onChange={setMigration} />}
      {save.isError && used === null && <p role="alert">{sentenceOf(save.error)}</p>}
      <div className="actions">
        <button type="submit" className="primary" disabled={config === project.label_config || save.isPending}>
          {used === null ? 'Save the labels' : 'Save, and change the answers'}
        </button>
        {save.isSuccess && <span role="status">Saved.</span>}
      </div>
    </form>
  );
}

/** How many answers use each label that the new config lacks; null when that is not the problem. */
function usedLabels(error: unknown): Readonly<Record<string, number>> | null {
  if (!(error instanceof ApiProblem) || error.code !== 'LABELCONFIG_IN_USE') return null;
  return error.details.labels as Readonly<Record<string, number>>;
}

function Successors(props: {
  used: Readonly<Record<string, number>>;
  migration: Migration;
  onChange: (migration: Migration) => void;
}): ReactNode {
  const { used, migration, onChange } = props;
  const rename = (label: string, to: string): void => {
    const { [label]: _old, ...others } = migration.rename ?? {};
    onChange({ ...migration, rename: to === '' ? others : { ...others, [label]: to } });
  };
  return (
    <fieldset className="stack">
      <legend role="alert">Answers use labels that are no longer there. What becomes of them?</legend>
      <div className="field-row">
        {Object.entries(used).map(([label, answers]) => (
          <label key={label} className="field">
            <span dir="auto">
              “{label}”, in {plural(answers, 'answer')}, is now called
            </span>
            <input
              dir="auto"
              placeholder="no new name"
              value={migration.rename?.[label] ?? ''}
              onChange={(event) => rename(label, event.target.value)}
            />
          </label>
        ))}
      </div>
      <label className="field">
        Labels without a new name
        <select
          value={migration.removed ?? ''}
          onChange={({ target: { value } }) => {
            const { removed: _old, ...rest } = migration;
            onChange(value === 'keep' || value === 'drop' ? { ...rest, removed: value } : rest);
          }}
        >
          <option value="">choose…</option>
          <option value="keep">stay in the answers as they are</option>
          <option value="drop">are taken out of the answers</option>
        </select>
      </label>
    </fieldset>
  );
}
