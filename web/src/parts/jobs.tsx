/** Work in the background, each with its bar, what can be done with it, and the items that failed. */
import './jobs.css';
import { useInfiniteQuery, useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Reply } from '../../../src/server/contract/index.ts';
import { count } from '../format.ts';
import { call, sentenceOf } from '../http.ts';
import type { Job } from '../wire.ts';
import { describe } from './job-words.ts';
import { Progress } from './progress.tsx';

type Act = Job['acts'][number];

const FAILURES_PAGE = 50;

/** Queued, at work or paused. */
export function isOpen({ state }: Job): boolean {
  return state === 'queued' || state === 'running' || state === 'paused';
}

export function JobList({ jobs }: { jobs: readonly Job[] }): ReactNode {
  if (jobs.length === 0) return null;
  return (
    <ul className="jobs" aria-label="Background work">
      {jobs.map((job) => (
        <JobRow key={job.id} job={job} />
      ))}
    </ul>
  );
}

function JobRow({ job }: { job: Job }): ReactNode {
  const [listing, setListing] = useState(false);
  const act = useMutation({ mutationFn: (name: Act) => call<Job>('POST', `/api/jobs/${job.id}/${name}`) });
  const shownAs = stateOf(job);
  return (
    <li>
      <span className="job-name">
        {job.kind}
        <span className={`chip state-${job.state}`}>{shownAs}</span>
      </span>
      <span className="muted">{describe(job)}</span>
      {(job.state === 'running' || job.state === 'paused') && job.total > 0 && (
        <Progress done={job.done} total={job.total} label={`${job.kind} ${job.stage}`} />
      )}
      {job.failed > 0 && (
        <button type="button" className="small" aria-expanded={listing} onClick={() => setListing(!listing)}>
          {listing ? 'Hide' : 'Show'} what failed <span className="visually-hidden">in job {job.id}</span>
        </button>
      )}
      {job.acts.map((name) => (
        // Pause and resume are one button, and it is never disabled, so that the keyboard stays where it is.
        <button
          key={name === 'cancel' ? name : 'toggle'}
          type="button"
          className="small"
          aria-disabled={act.isPending}
          onClick={() => act.isPending || act.mutate(name)}
        >
          {wordsFor(name, job)} <span className="visually-hidden">job {job.id}</span>
        </button>
      ))}
      {act.isError && <span role="alert">{sentenceOf(act.error)}</span>}
      {listing && <Failures job={job} />}
    </li>
  );
}

function stateOf({ state, cancel_requested: cancels, pause_requested: pauses }: Job): string {
  if (state !== 'running') return state;
  return cancels ? 'stopping' : pauses ? 'pausing' : state;
}

function wordsFor(act: Act, job: Job): string {
  if (act === 'retry') return job.state === 'done' ? 'Try the failed items again' : 'Run again';
  return { pause: 'Pause', resume: 'Resume', cancel: 'Cancel' }[act];
}

function Failures({ job }: { job: Job }): ReactNode {
  const pages = useInfiniteQuery({
    queryKey: ['job-failures', job.id, job.failed, job.attempts],
    queryFn: ({ pageParam }) =>
      call<Reply<'jobFailures'>>('GET', `/api/jobs/${job.id}/failures?after=${pageParam}&limit=${FAILURES_PAGE}`),
    initialPageParam: 0,
    getNextPageParam: (last) => (last.length < FAILURES_PAGE ? undefined : last.at(-1)!.task),
  });
  if (pages.isError) return <span role="alert">{sentenceOf(pages.error)}</span>;
  return (
    <div className="job-failures">
      <table aria-label={`Items of job ${job.id} that failed`}>
        <thead>
          <tr>
            <th scope="col" className="number">
              Item
            </th>
            <th scope="col">Why</th>
          </tr>
        </thead>
        <tbody>
          {pages.data?.pages.flat().map(({ task, code, detail }) => (
            <tr key={task}>
              <td className="number">{task}</td>
              <td dir="auto">
                {detail} <code>{code}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {pages.hasNextPage && (
        <button type="button" className="small" disabled={pages.isFetching} onClick={() => void pages.fetchNextPage()}>
          More of {count(job.failed)}
        </button>
      )}
    </div>
  );
}
