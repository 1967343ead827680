/** A sync: which way, tried first or done, with its progress and what came of it. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { Body } from '../../../src/server/contract/index.ts';
import { sentenceOf } from '../http.ts';
import { Check } from '../parts/check.tsx';
import { JobList } from '../parts/jobs.tsx';
import type { Job } from '../wire.ts';
import { studio } from './api.ts';

type Direction = NonNullable<Body<'connectionSync'>['direction']>;

const DIRECTIONS: readonly (readonly [Direction, string])[] = [
  ['pull', 'bring tasks and answers here'],
  ['push', 'send answers given here'],
  ['both', 'both ways'],
];

/** Between two looks at the job. */
const LOOK_MS = 500;

export function Sync({ id, onEnd }: { id: number; onEnd(): void }): ReactNode {
  const [direction, setDirection] = useState<Direction>('pull');
  const [order, setOrder] = useState(false);
  const [started, setStarted] = useState<number | null>(null);
  const job = useQuery({
    queryKey: ['studio-sync', started],
    queryFn: async () => {
      const seen = await studio.job(started!);
      if (hasEnded(seen)) onEnd();
      return seen;
    },
    enabled: started !== null,
    refetchInterval: ({ state }) => (state.data !== undefined && hasEnded(state.data) ? false : LOOK_MS),
  });
  const sync = useMutation({
    mutationFn: (dryRun: boolean) => studio.sync(id, { direction, dry_run: dryRun, order }),
    onSuccess: (job) => setStarted(job.id),
  });
  return (
    <>
      <div className="actions">
        <label className="field">
          Keep in step
          <select value={direction} onChange={(event) => setDirection(event.target.value as Direction)}>
            {DIRECTIONS.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <Check checked={order} onChange={setOrder}>
          Write the order of the queue into each task there, to sort by
        </Check>
        <button type="button" disabled={sync.isPending} onClick={() => sync.mutate(true)}>
          Only count
        </button>
        <button type="button" disabled={sync.isPending} onClick={() => sync.mutate(false)}>
          Sync now
        </button>
      </div>
      {sync.isError && <p role="alert">{sentenceOf(sync.error)}</p>}
      {job.data && job.data.state !== 'done' && <JobList jobs={[job.data]} />}
      {job.data?.state === 'done' && <p role="status">{saidOf(job.data.output as unknown as Outcome)}</p>}
    </>
  );
}

function hasEnded({ state }: Job): boolean {
  return state !== 'queued' && state !== 'running' && state !== 'paused';
}

interface Outcome {
  readonly dryRun: boolean;
  readonly newTasks?: number;
  readonly changedTasks?: number;
  readonly goneTasks?: number;
  readonly annotations?: number;
  readonly goneAnnotations?: number;
  readonly conflicts?: number;
  readonly problems?: readonly { readonly reason: string }[];
  readonly answers: {
    readonly created: number;
    readonly changed: number;
    readonly deleted: number;
    readonly conflicts: number;
    readonly refused: number;
    readonly ofBulkActs: number;
    readonly unknownPeople: Readonly<Record<string, number>>;
  } | null;
  readonly predictions: { readonly pushed: number; readonly there: number; readonly refused: number } | null;
  /** Tasks whose place in the queue changed. */
  readonly ordered: number;
}

/** What was done, or would be, in a few sentences. */
function saidOf({ dryRun, answers, predictions, ordered, problems = [], conflicts = 0, ...pulled }: Outcome): string {
  const said: string[] = [];
  if (pulled.newTasks !== undefined) {
    said.push(
      `Here: ${pulled.newTasks} new tasks, ${pulled.changedTasks} changed, ${pulled.goneTasks} gone; ` +
        `${pulled.annotations} answers, ${pulled.goneAnnotations} gone.`,
    );
  }
  if (answers)
    said.push(`There: ${answers.created} answers new, ${answers.changed} changed, ${answers.deleted} deleted.`);
  if (predictions) said.push(`${predictions.pushed} predictions sent, ${predictions.there} there already.`);
  if (ordered > 0) said.push(`${ordered} places in the queue written.`);
  const refused = (answers?.refused ?? 0) + (predictions?.refused ?? 0);
  if (refused > 0) said.push(`Label Studio did not take ${refused}: the job lists which, and why.`);
  if (answers && answers.ofBulkActs > 0) said.push(`${answers.ofBulkActs} answers of bulk acts stay here.`);
  const both = conflicts + (answers?.conflicts ?? 0);
  if (both > 0) said.push(`${both} answers had changed on both sides: both versions are kept.`);
  const strangers = Object.keys(answers?.unknownPeople ?? {});
  if (strangers.length > 0) {
    said.push(`Label Studio knows nobody called ${strangers.join(', ')}: those answers carry the name of the token.`);
  }
  if (problems.length > 0) said.push(`${problems.length} could not be used; the first: ${problems[0]!.reason}`);
  return `${dryRun ? 'Nothing was done; it would be: ' : ''}${said.join(' ')}`;
}
