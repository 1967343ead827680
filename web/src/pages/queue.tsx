/** What comes next and why, for owners. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useCallback } from 'react';
import { api } from '../api.ts';
import { useJobs } from '../events.ts';
import { count, percent, plural, snippet } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { isOpen, JobList } from '../parts/jobs.tsx';
import { Progress } from '../parts/progress.tsx';
import { useTaskText } from '../project.ts';
import type { QueueRow, QueueState, Task } from '../wire.ts';

const ROWS = 50;

export default function QueuePage({ projectId }: { projectId: number }): ReactNode {
  const queries = useQueryClient();
  const refresh = useCallback(() => {
    void queries.invalidateQueries({ queryKey: ['queue', projectId] });
    void queries.invalidateQueries({ queryKey: ['queue-state', projectId] });
  }, [queries, projectId]);
  const jobs = useJobs(projectId, refresh);
  const state = useQuery({
    queryKey: ['queue-state', projectId],
    queryFn: () => api.queueState(projectId),
    refetchInterval: 5_000,
  });
  const rows = useQuery({
    queryKey: ['queue', projectId],
    queryFn: () => api.queue(projectId, ROWS),
    refetchInterval: 15_000,
  });
  const text = useTaskText(projectId);
  const rerank = useMutation({ mutationFn: () => api.rerank(projectId), onSuccess: refresh });
  return (
    <main className="page">
      <div className="page-head">
        <h1>Queue</h1>
        <button type="button" onClick={() => rerank.mutate()} disabled={rerank.isPending}>
          {rerank.isPending ? 'Ranking…' : 'Rank again'}
        </button>
      </div>
      {state.data && <StateLine state={state.data} />}
      <JobList jobs={jobs.filter(isOpen)} />
      {rows.isError && <p role="alert">{sentenceOf(rows.error)}</p>}
      {rows.data?.length === 0 && <p className="muted">Nothing is waiting: every item is labeled or handed out.</p>}
      {rows.data && rows.data.length > 0 && <Rows rows={rows.data} text={text} />}
    </main>
  );
}

function StateLine({ state }: { state: QueueState }): ReactNode {
  const model =
    state.model_number === null
      ? 'No model yet: the first answers make one.'
      : `Model version ${state.model_number}${state.annotations_until_retrain === null ? '' : `, retrains in ${plural(state.annotations_until_retrain, 'answer')}`}.`;
  return (
    <div className="state-line">
      <p>
        <b>{state.strategy}</b> over <b>{state.embedder}</b> embeddings, phase <b>{state.phase}</b>. {model}
      </p>
      {state.ranked < state.tasks && (
        <p className="muted">
          {count(state.ranked)} of {count(state.tasks)} items can be ranked so far.
          <Progress done={state.ranked} total={state.tasks} label="Items that can be ranked" />
        </p>
      )}
    </div>
  );
}

function Rows({ rows, text }: { rows: readonly QueueRow[]; text: (data: Task['data']) => string }): ReactNode {
  return (
    <div className="table-scroll">
      <table>
        <caption className="visually-hidden">The next {rows.length} items in order, with reasons</caption>
        <thead>
          <tr>
            <th scope="col" className="number">
              #
            </th>
            <th scope="col">Item</th>
            <th scope="col">Suggestion</th>
            <th scope="col">Why here</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ task, reason }) => (
            <tr key={task.id}>
              <td className="number">{reason.rank}</td>
              <td className="row-text" dir="auto">
                {snippet(text(task.data), 160) || `Item ${task.id}`}
              </td>
              <td className="row-suggestion">
                {likeliest(reason.probabilities).map(([label, share]) => (
                  <span key={label}>
                    <b dir="auto">{label}</b> <span className="muted">{percent(share)}</span>
                  </span>
                ))}
              </td>
              <td className="row-why">
                <span className="chip">{reason.phase}</span> {reason.sentence}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The likeliest label with its probability, as a list of one or none. */
function likeliest(probabilities: QueueRow['reason']['probabilities']): [string, number][] {
  return Object.entries(probabilities ?? {})
    .sort((a, b) => b[1] - a[1])
    .slice(0, 1);
}
