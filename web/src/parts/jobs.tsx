/** Work in the background, each with its bar. */
import type { ReactNode } from 'react';
import { count } from '../format.ts';
import type { Job } from '../wire.ts';
import { Progress } from './progress.tsx';

export function JobList(props: { jobs: readonly Job[]; children?: (job: Job) => ReactNode }): ReactNode {
  if (props.jobs.length === 0) return null;
  return (
    <ul className="jobs" aria-label="Background work">
      {props.jobs.map((job) => (
        <li key={job.id}>
          <span className="job-name">
            {job.kind}
            <span className={`chip state-${job.state}`}>{job.state}</span>
          </span>
          <span className="muted">{describe(job)}</span>
          {job.state === 'running' && job.total > 0 && (
            <Progress done={job.done} total={job.total} label={`${job.kind} ${job.stage}`} />
          )}
          {props.children?.(job)}
        </li>
      ))}
    </ul>
  );
}

export function describe(job: Job): string {
  if (job.error !== null) return job.error.detail;
  const failed = job.failed > 0 ? `, ${count(job.failed)} failed` : '';
  const amount = job.total > 0 ? `${count(job.done)} of ${count(job.total)}${failed}` : '';
  return [job.stage, amount].filter((part) => part !== '').join(' · ');
}
