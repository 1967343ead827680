/** What the project is called, what annotators are told, and how its items are handed out. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { sentenceOf } from '../http.ts';
import type { Project } from '../wire.ts';
import { dataApi } from './api.ts';

const SECONDS_PER_MINUTE = 60;

export function Basics({ project }: { project: Project }): ReactNode {
  const queries = useQueryClient();
  const [words, setWords] = useState<Words>({});
  const [settings, setSettings] = useState<Rules>({});
  const save = useMutation({
    mutationFn: () => dataApi.change(project.id, { ...words, settings }),
    onSuccess: async () => {
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(project.id) });
      setWords({});
      setSettings({});
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  const change = (apply: () => void): void => {
    apply();
    save.reset();
  };
  const now = { ...project.settings, ...settings };
  const rule = (key: keyof Rules, text: string, factor: number, range: { min: number; max?: number }): ReactNode => (
    <label className="field">
      {text}
      <input
        type="number"
        required
        {...range}
        step="any"
        value={Number.isNaN(now[key]) ? '' : Number((now[key] * factor).toFixed(6))}
        onChange={(event) => change(() => setSettings({ ...settings, [key]: event.target.valueAsNumber / factor }))}
      />
    </label>
  );
  const changed = Object.keys(words).length + Object.keys(settings).length > 0;
  return (
    <form className="card stack" aria-labelledby="basics-title" onSubmit={submit}>
      <h2 id="basics-title">Project</h2>
      <label className="field">
        Title
        <input
          required
          maxLength={200}
          dir="auto"
          value={words.title ?? project.title}
          onChange={(event) => change(() => setWords({ ...words, title: event.target.value }))}
        />
      </label>
      <label className="field">
        Instructions for annotators
        <textarea
          rows={3}
          dir="auto"
          value={words.expert_instruction ?? project.expert_instruction}
          onChange={(event) => change(() => setWords({ ...words, expert_instruction: event.target.value }))}
        />
      </label>
      <div className="field-row">
        {rule('overlap', 'People per item', 1, { min: 1 })}
        {rule('blind_share', 'Shown without suggestion, %', 100, { min: 0, max: 100 })}
        {rule('lease_seconds', 'Minutes until an open item is free again', 1 / SECONDS_PER_MINUTE, { min: 1 })}
      </div>
      {save.isError && <p role="alert">{sentenceOf(save.error)}</p>}
      <div className="actions">
        <button type="submit" className="primary" disabled={!changed || save.isPending}>
          Save
        </button>
        {save.isSuccess && !changed && <span role="status">Saved.</span>}
      </div>
    </form>
  );
}

interface Words {
  readonly title?: string;
  readonly expert_instruction?: string;
}

interface Rules {
  readonly overlap?: number;
  readonly blind_share?: number;
  readonly lease_seconds?: number;
}
