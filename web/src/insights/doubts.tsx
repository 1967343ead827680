/** Answers most likely wrong, for a second look: kept or changed here, and out of the list as verified ones. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { percent, plural, snippet } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { useLayout, useTaskText } from '../project.ts';
import { choicesResult } from '../result.ts';
import { type Doubt, insightsApi } from './api.ts';

/** What somebody looks through at once; the next ones come up as these are settled. */
const SHOWN = 10;

export function DoubtsSection({ projectId }: { projectId: number }): ReactNode {
  const queries = useQueryClient();
  const doubts = useQuery({ queryKey: ['doubts', projectId], queryFn: () => insightsApi.doubts(projectId, SHOWN) });
  const control = useLayout(projectId)?.controls[0];
  const settle = useMutation({
    mutationFn: async ({ doubt, labels }: { doubt: Doubt; labels: readonly string[] | null }) => {
      if (labels === null || control === undefined) return insightsApi.verify(doubt.annotation, {});
      const { result } = await insightsApi.annotation(doubt.annotation);
      const others = result.filter((region) => region.from_name !== control.name);
      return insightsApi.verify(doubt.annotation, { result: [...others, ...choicesResult(control, labels)] });
    },
    onSettled: () => queries.invalidateQueries({ queryKey: ['doubts', projectId] }),
  });
  // Most projects have none at first: a card that vanishes again would make the page jump.
  if (!doubts.isError && (doubts.data?.judged ?? 0) === 0) return null;
  return (
    <section className="card" aria-labelledby="doubts-title">
      <h2 id="doubts-title">Answers worth a second look</h2>
      {doubts.isError && <p role="alert">{sentenceOf(doubts.error)}</p>}
      {settle.isError && <p role="alert">{sentenceOf(settle.error)}</p>}
      {doubts.data && (
        <p className="muted">
          The model, asked about items that it has not learned from, contradicts these most. About{' '}
          {plural(doubts.data.estimated, 'answer')} of {doubts.data.judged} may be wrong. What you settle counts as
          verified.
        </p>
      )}
      <ul className="doubts">
        {doubts.data?.results.map((doubt) => (
          <DoubtItem
            key={doubt.annotation}
            projectId={projectId}
            doubt={doubt}
            busy={settle.isPending}
            onSettle={(labels) => settle.mutate({ doubt, labels })}
          />
        ))}
      </ul>
      {doubts.data?.results.length === 0 && <p>Nothing is in doubt.</p>}
    </section>
  );
}

interface DoubtProps {
  readonly projectId: number;
  readonly doubt: Doubt;
  readonly busy: boolean;
  /** Null keeps what was given. */
  readonly onSettle: (labels: readonly string[] | null) => void;
}

function DoubtItem({ projectId, doubt, busy, onSettle }: DoubtProps): ReactNode {
  const text = useTaskText(projectId);
  const task = useQuery({ queryKey: ['task', doubt.task], queryFn: () => api.task(doubt.task), staleTime: 60_000 });
  const [given, suggested] = [named(doubt.given), named(doubt.suggested)];
  return (
    <li>
      <p dir="auto">
        {task.data === undefined ? '' : snippet(text(task.data.data), 220) || `Item ${doubt.task}`}{' '}
        <span className="muted">item {doubt.task}</span>
      </p>
      <p>
        Answered <b dir="auto">{given}</b>; the model says <b dir="auto">{suggested}</b> and gives the answer{' '}
        {percent(doubt.confidence)}.
      </p>
      <div className="actions">
        <button type="button" className="small" disabled={busy} onClick={() => onSettle(null)}>
          Keep {given} <span className="visually-hidden">for item {doubt.task}</span>
        </button>
        <button type="button" className="small" disabled={busy} onClick={() => onSettle(doubt.suggested)}>
          Change to {suggested} <span className="visually-hidden">for item {doubt.task}</span>
        </button>
      </div>
    </li>
  );
}

function named(labels: readonly string[]): string {
  return labels.length === 0 ? 'no label' : labels.join(' + ');
}
