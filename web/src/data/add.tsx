/** More items for a project that is there: all rows of a file or none, or all but the bad ones, which are listed. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import type { Reply } from '../../../src/server/contract/index.ts';
import { plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { Check } from '../parts/check.tsx';
import { DropZone } from '../parts/drop-zone.tsx';
import { dataApi } from './api.ts';

export function AddItems({ projectId }: { projectId: number }): ReactNode {
  const queries = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [skip, setSkip] = useState(false);
  const send = useMutation({
    mutationFn: (chosen: File) => dataApi.importFile(projectId, chosen, skip),
    onSuccess: async () => {
      setFile(null);
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(projectId) });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (file !== null) send.mutate(file);
  };
  return (
    <form className="card stack" aria-labelledby="add-title" onSubmit={submit}>
      <h2 id="add-title">Add items</h2>
      <DropZone
        file={file}
        onFile={(chosen) => {
          setFile(chosen);
          send.reset();
        }}
      >
        CSV, TSV, JSON, JSONL, plain text, or a zip of a data set. Labels in the file come along.
      </DropZone>
      <p className="tabs">
        <Check checked={skip} onChange={setSkip}>
          Leave bad rows out and list them, instead of refusing the file
        </Check>
      </p>
      {send.isError && <p role="alert">{sentenceOf(send.error)}</p>}
      {send.data && <Outcome projectId={projectId} outcome={send.data} />}
      <div className="actions">
        <button type="submit" className="primary" disabled={file === null || send.isPending}>
          {send.isPending ? 'Importing…' : 'Add them'}
        </button>
      </div>
    </form>
  );
}

function Outcome(props: { projectId: number; outcome: Reply<'projectImport'> }): ReactNode {
  const { task_count: tasks, annotation_count: answers, prediction_count: predictions, skipped } = props.outcome;
  const parts = [
    plural(tasks, 'item'),
    ...(answers ? [plural(answers, 'answer')] : []),
    ...(predictions ? [plural(predictions, 'suggestion')] : []),
  ];
  return (
    <div role="status">
      <p>
        Added {parts.join(', ')}. It can be undone under <Link href={`/projects/${props.projectId}/runs`}>Runs</Link>.
      </p>
      {skipped.length > 0 && (
        <details>
          <summary>{plural(skipped.length, 'row')} left out</summary>
          <ul>
            {skipped.map(({ row, reason }) => (
              <li key={row} dir="auto">
                Row {row}: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}
