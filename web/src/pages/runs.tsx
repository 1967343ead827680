/** Bulk acts with undo, model versions with rollback, jobs: what happened and how to take it back. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useCallback } from 'react';
import { api } from '../api.ts';
import { useJobs } from '../events.ts';
import { ago, count, percent, plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { JobList } from '../parts/jobs.tsx';
import type { ModelVersion, Run } from '../wire.ts';

export default function RunsPage({ projectId }: { projectId: number }): ReactNode {
  const queries = useQueryClient();
  const refresh = useCallback(() => {
    void queries.invalidateQueries({ queryKey: ['runs', projectId] });
    void queries.invalidateQueries({ queryKey: ['models', projectId] });
    void queries.invalidateQueries({ queryKey: ['jobs', projectId] });
  }, [queries, projectId]);
  const live = useJobs(projectId, refresh);
  const runs = useQuery({ queryKey: ['runs', projectId], queryFn: () => api.runs(projectId) });
  const models = useQuery({ queryKey: ['models', projectId], queryFn: () => api.models(projectId) });
  const past = useQuery({ queryKey: ['jobs', projectId], queryFn: () => api.jobs(projectId) });
  const act = useMutation({ mutationFn: (work: () => Promise<unknown>) => work(), onSettled: refresh });
  const jobs = [...live, ...(past.data ?? []).filter((job) => !live.some((one) => one.id === job.id))];
  return (
    <main className="page">
      <h1>Runs</h1>
      <p className="muted">Every bulk act on the labels. Undo takes all of it back; nothing else is touched.</p>
      {act.isError && <p role="alert">{sentenceOf(act.error)}</p>}
      {runs.isError && <p role="alert">{sentenceOf(runs.error)}</p>}
      {runs.data && (
        <RunTable
          runs={runs.data}
          busy={act.isPending}
          undo={(run) => act.mutate(() => (run.revoked_at === null ? api.undoRun(run.id) : api.redoRun(run.id)))}
        />
      )}
      <h2>Model versions</h2>
      {models.isError && <p role="alert">{sentenceOf(models.error)}</p>}
      {models.data && (
        <ModelTable
          models={models.data}
          busy={act.isPending}
          use={(model) => act.mutate(() => api.activate(projectId, model.id))}
        />
      )}
      <div className="actions">
        <button type="button" disabled={act.isPending} onClick={() => act.mutate(() => api.train(projectId))}>
          Train now
        </button>
        <button type="button" disabled={act.isPending} onClick={() => act.mutate(() => api.unpin(projectId))}>
          Serve the best version again
        </button>
      </div>
      <h2>Jobs</h2>
      {past.isSuccess && jobs.length === 0 && <p className="muted">No background work yet.</p>}
      <JobList jobs={jobs} />
    </main>
  );
}

function RunTable(props: { runs: readonly Run[]; busy: boolean; undo: (run: Run) => void }): ReactNode {
  if (props.runs.length === 0) return <p className="muted">No run yet.</p>;
  const newestFirst = [...props.runs].sort((a, b) => b.id - a.id);
  return (
    <div className="table-scroll">
      <table aria-label="Runs">
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">What</th>
            <th scope="col" className="number">
              Wrote
            </th>
            <th scope="col">When</th>
            <th scope="col">State</th>
            <th scope="col">
              <span className="visually-hidden">Undo</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {newestFirst.map((run) => (
            <tr key={run.id} className={run.revoked_at === null ? '' : 'revoked'}>
              <td>
                {run.id} <span className="chip">{run.kind}</span>
              </td>
              <td className="run-what row-say" dir="auto">
                {run.summary}
              </td>
              <td className="number">{count(run.written)}</td>
              <td className="nowrap">{ago(run.created_at, Date.now())}</td>
              <td>{run.revoked_at === null ? run.state : 'undone'}</td>
              <td className="number">
                <button type="button" className="small" disabled={props.busy} onClick={() => props.undo(run)}>
                  {run.revoked_at === null ? 'Undo' : 'Redo'} <span className="visually-hidden">run {run.id}</span>
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ModelTable(props: {
  models: readonly ModelVersion[];
  busy: boolean;
  use: (model: ModelVersion) => void;
}): ReactNode {
  if (props.models.length === 0) return <p className="muted">No model yet: the first answers make one.</p>;
  const newestFirst = [...props.models].sort((a, b) => b.id - a.id);
  const several = newestFirst.some((model) => model.control !== newestFirst[0]!.control);
  return (
    <div className="table-scroll">
      <table aria-label="Model versions">
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col">Trained on</th>
            <th scope="col" className="number">
              Accuracy
            </th>
            <th scope="col">Verdict</th>
            <th scope="col">When</th>
            <th scope="col">
              <span className="visually-hidden">Use</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {newestFirst.map((model) => (
            <tr key={model.id}>
              <td className="nowrap">
                {several && <span className="chip">{model.control}</span>} {model.number} <code>{model.version}</code>{' '}
                {model.active && <span className="chip good">serving</span>}
              </td>
              <td className="nowrap">{plural(model.trained_on, 'answer')}</td>
              <td className="number">
                {typeof model.metrics.accuracy === 'number' ? percent(model.metrics.accuracy) : ''}
              </td>
              <td className="row-say">{model.verdict}</td>
              <td className="nowrap">{ago(model.created_at, Date.now())}</td>
              <td className="number">
                {!model.active && (
                  <button type="button" className="small" disabled={props.busy} onClick={() => props.use(model)}>
                    Serve this <span className="visually-hidden">version {model.number}</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
