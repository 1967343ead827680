/** Along the bottom: how far the project is, how fast you are, which model serves, what is saved, what runs. */
import './foot.css';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useSyncExternalStore } from 'react';
import { api } from '../api.ts';
import { useConnected, useJobs } from '../events.ts';
import { count, plural } from '../format.ts';
import { describe } from '../parts/job-words.ts';
import { Progress } from '../parts/progress.tsx';
import { outbox } from '../sender.ts';
import type { Project, QueueState } from '../wire.ts';
import type { Snapshot } from './answer.ts';
import type { LabelSession } from './session.ts';

/** Counts are read again at most this often while answers are acknowledged. */
const SETTLE_MS = 700;

interface FooterProps {
  readonly project: Project;
  readonly session: LabelSession;
  readonly at: Snapshot;
  readonly onHelp: () => void;
}

export function Footer({ project, session, at, onHelp }: FooterProps): ReactNode {
  useFreshCounts(project.id);
  const state = useQuery({ queryKey: ['queue-state', project.id], queryFn: () => api.queueState(project.id) });
  const jobs = useJobs(project.id).filter((job) => job.state === 'running');
  const rate = session.rate(Date.now());
  const labeled = project.num_tasks_with_annotations;
  return (
    <footer className="foot">
      <span className="foot-progress">
        <Progress done={labeled} total={project.task_number} label="Labeled items" />
        {count(labeled)} of {count(project.task_number)}
      </span>
      <span>
        {count(at.answered)} this session{rate !== null && `, ${Math.round(rate)} a minute`}
      </span>
      {state.data && <span>{retrainWords(state.data)}</span>}
      {jobs[0] !== undefined && (
        <span className="foot-job">
          {describe(jobs[0]) || jobs[0].kind}
          {jobs[0].total > 0 && <Progress done={jobs[0].done} total={jobs[0].total} label={jobs[0].kind} />}
        </span>
      )}
      <SaveState projectId={project.id} />
      <button type="button" className="small" onClick={onHelp}>
        Keys <kbd>?</kbd>
      </button>
    </footer>
  );
}

function retrainWords({ model_number: model, annotations_until_retrain: left }: QueueState): string {
  if (left === null) return model === null ? 'No model yet' : `Version ${model}`;
  const when = left > 0 ? `in ${plural(left, 'answer')}` : 'now';
  return model === null ? `First model ${when}` : `Version ${model}, retrain ${when}`;
}

function SaveState({ projectId }: { projectId: number }): ReactNode {
  const waiting = useSyncExternalStore(outbox.subscribe, () => outbox.pendingCount());
  const refusedCount = useSyncExternalStore(outbox.subscribe, () => outbox.refusedCount());
  const connected = useConnected(projectId);
  if (refusedCount > 0) {
    const [first] = outbox.refused();
    return (
      <span className="save bad" role="alert">
        {plural(refusedCount, 'answer')} refused: {first?.message}{' '}
        <button type="button" className="small" onClick={() => outbox.retryRefused()}>
          Send again
        </button>{' '}
        <button type="button" className="small" onClick={() => outbox.discardRefused()}>
          Discard
        </button>
      </span>
    );
  }
  const text =
    waiting === 0
      ? 'All saved'
      : connected
        ? `Saving ${count(waiting)}…`
        : `${plural(waiting, 'answer')} kept here until the server is back`;
  return (
    <span className={`save ${waiting === 0 ? 'good' : ''}`} role="status">
      {text}
    </span>
  );
}

/** While answers are acknowledged, project and queue figures are read again. */
function useFreshCounts(projectId: number): void {
  const queries = useQueryClient();
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const stop = outbox.onChange((done) => {
      if (done === null) return;
      timer ??= setTimeout(() => {
        timer = null;
        void queries.invalidateQueries({ queryKey: ['project', projectId] });
        void queries.invalidateQueries({ queryKey: ['queue-state', projectId] });
      }, SETTLE_MS);
    });
    return () => {
      stop();
      if (timer !== null) clearTimeout(timer);
    };
  }, [queries, projectId]);
}
