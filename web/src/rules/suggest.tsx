/** Words that announce a label in the annotated tasks; one key adds a rule for them to the document. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { count, percent } from '../format.ts';
import { sentenceOf } from '../http.ts';
import type { RulesClient } from './api.ts';
import type { Arrival } from './arrival.ts';

export function Suggest(props: {
  client: RulesClient;
  projectId: number;
  labels: readonly string[];
  /** Begins with the label and the words of this task. */
  start: Arrival | null;
  document: string;
  onDocument: (document: string) => void;
}): ReactNode {
  const { client, projectId, labels } = props;
  const [label, setLabel] = useState<string | null>(null);
  const [task, setTask] = useState(props.start?.task ?? null);
  const begun = props.start?.label ?? '';
  const wanted = label ?? (labels.includes(begun) ? begun : (labels[0] ?? ''));
  const words = useQuery({
    queryKey: ['rule-words', projectId, wanted, task],
    queryFn: () => client.suggest(wanted, task),
    enabled: wanted !== '',
  });
  const add = useMutation({
    mutationFn: (text: string) => client.add(props.document, wanted, text),
    onSuccess: ({ document }) => props.onDocument(document),
  });
  return (
    <section>
      <div className="rule-words-head">
        <h2>Suggested words</h2>
        <label>
          for{' '}
          <select value={wanted} onChange={(event) => setLabel(event.target.value)}>
            {labels.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        {task !== null && (
          <button type="button" className="small" onClick={() => setTask(null)}>
            Not only of item {task}
          </button>
        )}
      </div>
      {(words.isError || add.isError) && <p role="alert">{sentenceOf(words.error ?? add.error)}</p>}
      {words.data?.length === 0 && (
        <p className="muted">No word tells {wanted} apart yet: the more tasks are annotated, the more appear here.</p>
      )}
      <ul className="rule-words">
        {words.data?.map((one) => (
          <li key={one.text}>
            <button type="button" className="small" disabled={add.isPending} onClick={() => add.mutate(one.text)}>
              Add <b dir="auto">{one.text}</b>
            </button>{' '}
            <span className="muted">
              right {count(one.correct)} of {count(one.tasks)}, surely {percent(one.low)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
