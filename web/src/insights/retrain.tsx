/** When the project trains by itself: four rules, each off or with its number; what they say now stands above the form. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { sentenceOf } from '../http.ts';
import { Check } from '../parts/check.tsx';
import { useProject } from '../project.ts';
import { insightsApi, type RetrainPolicy } from './api.ts';

export function RetrainForm({ projectId }: { projectId: number }): ReactNode {
  const settings = useProject(projectId).data?.settings;
  const queries = useQueryClient();
  const [changed, setChanged] = useState<Partial<RetrainPolicy>>({});
  const save = useMutation({
    mutationFn: () => insightsApi.takeRetrainPolicy(projectId, changed),
    onSuccess: async () => {
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(projectId) });
      setChanged({});
    },
  });
  if (settings === undefined) return null;
  const policy = { ...settings, ...changed };
  const change = (part: Partial<RetrainPolicy>): void => {
    setChanged({ ...changed, ...part });
    save.reset();
  };
  const number = (key: NumberRule, text: string, step: string): ReactNode => (
    <label className="field">
      {text}
      <input
        type="number"
        required
        min={0}
        step={step}
        value={Number.isNaN(policy[key]) ? '' : policy[key]}
        onChange={(event) => change({ [key]: event.target.valueAsNumber })}
      />
    </label>
  );
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form aria-label="When to train" onSubmit={submit}>
      <div className="field-row">
        {number('retrain_every', 'After so many newly labeled items; 0 for never', '1')}
        {number('retrain_every_verified', 'After so many newly verified items; 0 for never', '1')}
        {number('retrain_every_hours', 'Every so many hours, if there are new labels; 0 for never', 'any')}
      </div>
      <p className="tabs">
        <Check checked={policy.retrain_on_drift} onChange={(retrain_on_drift) => change({ retrain_on_drift })}>
          When suggestions on the random slice turn out worse than they claim
        </Check>
      </p>
      <div className="actions">
        <button type="submit" disabled={save.isPending || Object.keys(changed).length === 0}>
          Save when to train
        </button>
        {save.isSuccess && <span role="status">Saved.</span>}
      </div>
      {save.isError && <p role="alert">{sentenceOf(save.error)}</p>}
    </form>
  );
}

type NumberRule = 'retrain_every' | 'retrain_every_verified' | 'retrain_every_hours';
