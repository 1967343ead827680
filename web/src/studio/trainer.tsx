/** Training elsewhere: whom to call, after how many answers, and how the model comes back. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import type { Body } from '../../../src/server/contract/index.ts';
import { count } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { CopyField } from '../parts/copy-field.tsx';
import { studio } from './api.ts';

type Counts = NonNullable<Body<'trainerSet'>['counts']>;

export function TrainerCard({ projectId }: { projectId: number }): ReactNode {
  const queries = useQueryClient();
  const key = ['trainer', projectId];
  const refresh = () => queries.invalidateQueries({ queryKey: key });
  const { data } = useQuery({ queryKey: key, queryFn: () => studio.trainer(projectId) });
  const [url, setUrl] = useState('');
  const [every, setEvery] = useState(100);
  const [counts, setCounts] = useState<Counts>('annotations');
  const set = useMutation({
    mutationFn: () => studio.setTrainer(projectId, { url, every, counts }),
    onSuccess: refresh,
  });
  const remove = useMutation({ mutationFn: () => studio.removeTrainer(projectId), onSuccess: refresh });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    set.mutate();
  };
  const trainer = data?.trainer;
  return (
    <section className="card" aria-label="Training elsewhere">
      <h2>Training elsewhere</h2>
      <p>
        An address of yours is called, signed, whenever there is enough that is new; the call says where to read the
        labels. The model comes back on the <Link href={`/projects/${projectId}/models`}>Models page</Link>, as a file
        or by its address.
      </p>
      {trainer && (
        <p>
          Every {trainer.every} {trainer.counts === 'verified' ? 'ground truths' : 'labeled tasks'}{' '}
          <code>{trainer.url}</code> is called;{' '}
          {trainer.called_at === 0 ? 'not yet so far' : `last at ${count(trainer.called_at)}`}.
        </p>
      )}
      {set.data && (
        <>
          <p role="status">The secret that signs the calls, shown once:</p>
          <CopyField value={set.data.secret} label="Secret that signs the calls" />
        </>
      )}
      <form className="actions" onSubmit={submit}>
        <label className="field">
          Address to call
          <input type="url" required value={url} onChange={(event) => setUrl(event.target.value)} />
        </label>
        <label className="field">
          After every
          <input
            type="number"
            min={1}
            required
            value={every}
            onChange={(event) => setEvery(event.target.valueAsNumber)}
          />
        </label>
        <label className="field">
          of
          <select value={counts} onChange={(event) => setCounts(event.target.value as Counts)}>
            <option value="annotations">labeled tasks</option>
            <option value="verified">ground truths</option>
          </select>
        </label>
        <button type="submit" disabled={set.isPending}>
          {trainer ? 'Call this instead' : 'Call it'}
        </button>
        {trainer && (
          <button type="button" disabled={remove.isPending} onClick={() => remove.mutate()}>
            Call nobody
          </button>
        )}
      </form>
      {(set.isError || remove.isError) && <p role="alert">{sentenceOf(set.error ?? remove.error)}</p>}
    </section>
  );
}
