/** When the model trains next and why, whether more labels still change it, and its versions with a way back. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import type { Insights } from '../wire.ts';
import { insightsApi } from './api.ts';
import { RetrainForm } from './retrain.tsx';

const VERSIONS_SHOWN = 6;

export function TrainingSection({ projectId, insights }: { projectId: number; insights: Insights }): ReactNode {
  const queries = useQueryClient();
  const plan = useQuery({
    queryKey: ['training', projectId],
    queryFn: () => insightsApi.training(projectId),
    refetchInterval: 10_000,
  });
  const models = useQuery({ queryKey: ['models', projectId], queryFn: () => api.models(projectId) });
  const act = useMutation({
    mutationFn: (work: () => Promise<unknown>) => work(),
    onSettled: () => queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(projectId) }),
  });
  const newest = [...(models.data ?? [])].sort((a, b) => b.number - a.number).slice(0, VERSIONS_SHOWN);
  return (
    <section className="card" aria-labelledby="training-title">
      <h2 id="training-title">Training</h2>
      <p>{insights.stop_advice.sentence}</p>
      {insights.projection !== null && <p>{insights.projection.sentence}</p>}
      {plan.isError && <p role="alert">{sentenceOf(plan.error)}</p>}
      {plan.data && <p className="muted">{plan.data.sentence}</p>}
      <div className="actions">
        <button type="button" disabled={act.isPending} onClick={() => act.mutate(() => api.train(projectId))}>
          Train now
        </button>
        {plan.data?.job != null && <span className="chip">a training waits or runs</span>}
      </div>
      <RetrainForm projectId={projectId} />
      {act.isError && <p role="alert">{sentenceOf(act.error)}</p>}
      <ul className="versions">
        {newest.map((model) => (
          <li key={model.id}>
            <b>Version {model.number}</b> on {plural(model.trained_on, 'answer')}{' '}
            {model.active ? (
              <span className="chip good">serving</span>
            ) : (
              <button
                type="button"
                className="small"
                disabled={act.isPending}
                onClick={() => act.mutate(() => api.activate(projectId, model.id))}
              >
                Serve this <span className="visually-hidden">version {model.number}</span>
              </button>
            )}{' '}
            <span className="muted">{model.verdict}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
