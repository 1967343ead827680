/** More items for a project that is there: pictures, sounds, or all rows of a file, or all but the bad ones, which are listed. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import type { Reply } from '../../../src/server/contract/index.ts';
import { plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { Check } from '../parts/check.tsx';
import { DropZone } from '../parts/drop-zone.tsx';
import { dataApi } from './api.ts';
import { addMedia, mediaTag, problemWith } from './start.ts';

export function AddItems({ projectId }: { projectId: number }): ReactNode {
  const queries = useQueryClient();
  const [files, setFiles] = useState<readonly File[]>([]);
  const [skip, setSkip] = useState(false);
  const send = useMutation({
    mutationFn: async (): Promise<Added> => {
      const problem = problemWith(files);
      if (problem !== null) throw new Error(problem);
      return mediaTag(files) === null ? dataApi.importFile(projectId, files[0]!, skip) : addMedia(projectId, files);
    },
    onSuccess: async () => {
      setFiles([]);
      await queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(projectId) });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    send.mutate();
  };
  return (
    <form className="card stack" aria-labelledby="add-title" onSubmit={submit}>
      <h2 id="add-title">Add items</h2>
      <DropZone
        files={files}
        onFiles={(chosen) => {
          setFiles(chosen);
          send.reset();
        }}
      >
        Pictures or sounds; or a CSV, TSV, JSON, JSONL or text file, or a zip of a data set, whose labels come along.
      </DropZone>
      <p className="tabs">
        <Check checked={skip} onChange={setSkip}>
          Leave bad rows out and list them, instead of refusing the file
        </Check>
      </p>
      {send.isError && <p role="alert">{sentenceOf(send.error)}</p>}
      {send.data && <Outcome projectId={projectId} outcome={send.data} />}
      <div className="actions">
        <button type="submit" className="primary" disabled={files.length === 0 || send.isPending}>
          {send.isPending ? 'Importing…' : 'Add them'}
        </button>
      </div>
    </form>
  );
}

/** Pictures and sounds come without answers. */
type Added = Pick<Reply<'projectImport'>, 'task_count'> &
  Partial<Pick<Reply<'projectImport'>, 'annotation_count' | 'prediction_count' | 'skipped'>>;

function Outcome(props: { projectId: number; outcome: Added }): ReactNode {
  const { task_count: tasks, annotation_count: answers, prediction_count: predictions, skipped = [] } = props.outcome;
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
