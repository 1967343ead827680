/** The last answers, each a button that opens it again. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { api } from '../api.ts';
import { snippet } from '../format.ts';
import { textOf } from '../layout.ts';
import { choicesOf } from '../result.ts';
import { outbox } from '../sender.ts';
import type { Annotation } from '../wire.ts';
import type { SideProps } from './side.tsx';

/** Answers of this page's life first (they may still be on their way), then the server's. */
export function LastTen({ session, at, layout }: Omit<SideProps, 'item'>): ReactNode {
  const queries = useQueryClient();
  const { projectId } = session;
  const stored = useQuery({ queryKey: ['recent', projectId], queryFn: () => api.recent(projectId) });
  useEffect(
    () =>
      outbox.onChange((done) => {
        // A correction or an undo changes rows that came from the server.
        if (done !== null && done.kind !== 'submit')
          void queries.invalidateQueries({ queryKey: ['recent', projectId] });
      }),
    [queries, projectId],
  );
  const here = new Set(at.given.map((one) => one.submissionId));
  const hereTasks = new Set(at.given.map((one) => one.item.id));
  const older = (stored.data ?? []).filter(
    (one) => !here.has(one.unique_id) && !hereTasks.has(one.task) && one.task !== at.current?.id,
  );
  const room = 10 - at.given.length;
  if (at.given.length + older.length === 0) return null;
  return (
    <section>
      <h2>Last answers</h2>
      <ol className="last">
        {at.given.map((one) => (
          <li key={one.submissionId}>
            <LastButton
              text={snippet(textOf(layout, one.item.data), 60) || `Item ${one.item.id}`}
              labels={one.skipped ? [] : choicesOf(one.result)}
              note={one.note}
              open={() => session.reopen({ ...one, annotationId: null, task: one.item })}
            />
          </li>
        ))}
        {older.slice(0, Math.max(0, room)).map((one) => (
          <li key={one.id}>
            <StoredAnswer annotation={one} session={session} layout={layout} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function StoredAnswer(props: Omit<SideProps, 'item' | 'at'> & { annotation: Annotation }): ReactNode {
  const { annotation, session, layout } = props;
  const task = useQuery({
    queryKey: ['task', annotation.task],
    queryFn: () => api.task(annotation.task),
    staleTime: 600_000,
  });
  return (
    <LastButton
      text={(task.data && snippet(textOf(layout, task.data.data), 60)) || `Item ${annotation.task}`}
      labels={annotation.was_cancelled ? [] : choicesOf(annotation.result)}
      note={annotation.note}
      open={() => {
        if (task.data === undefined) return;
        session.reopen({
          submissionId: annotation.unique_id,
          annotationId: annotation.id,
          task: task.data,
          result: annotation.result,
          note: annotation.note,
        });
      }}
    />
  );
}

function LastButton(props: { text: string; labels: readonly string[]; note: string; open: () => void }): ReactNode {
  return (
    <button type="button" className="last-answer" onClick={props.open}>
      <span className="last-label" dir="auto">
        {props.labels.length === 0 ? 'skipped' : props.labels.join(', ')}
      </span>
      <span className="last-text" dir="auto">
        {props.text}
      </span>
      {props.note !== '' && <span className="chip">flagged</span>}
    </button>
  );
}
