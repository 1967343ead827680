/** The labels as a file: which format, whose answers, and what the format cannot hold, said before the download. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { count, plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { Check } from '../parts/check.tsx';
import { dataApi, download, type ExportChoice, type Format, type Losses } from './api.ts';

const WHOSE: readonly (readonly [ExportChoice['labels'], string])[] = [
  ['annotations', 'answers of people'],
  ['consensus', 'one answer per item, the most agreed on'],
  ['predictions', 'suggestions'],
  ['both', 'answers and suggestions'],
];

export function GetLabels({ projectId }: { projectId: number }): ReactNode {
  const formats = useQuery({ queryKey: ['formats', projectId], queryFn: () => dataApi.formats(projectId) });
  const [choice, setChoice] = useState<ExportChoice>({
    exportType: 'json',
    labels: 'annotations',
    download_all_tasks: false,
    with_media: false,
  });
  const losses = useQuery({
    queryKey: ['losses', projectId, choice],
    queryFn: () => dataApi.losses(projectId, choice),
    retry: false,
  });
  const save = useMutation({ mutationFn: () => download(projectId, choice) });
  const change = (part: Partial<ExportChoice>): void => {
    setChoice({ ...choice, ...part });
    save.reset();
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  const written = formats.data?.filter((format) => format.writes) ?? [];
  return (
    <form className="card stack" aria-labelledby="get-title" onSubmit={submit}>
      <h2 id="get-title">Get the labels</h2>
      <div className="field-row">
        <label className="field">
          Format
          <select value={choice.exportType} onChange={(event) => change({ exportType: event.target.value })}>
            {written.map((format) => (
              <option key={format.name} value={format.name}>
                {format.title}
              </option>
            ))}
          </select>
          <span className="muted">{holdsOf(written, choice)}</span>
        </label>
        <label className="field">
          Which labels
          <select
            value={choice.labels}
            onChange={(event) => change({ labels: event.target.value as ExportChoice['labels'] })}
          >
            {WHOSE.map(([value, title]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p className="tabs">
        <Check checked={choice.download_all_tasks} onChange={(download_all_tasks) => change({ download_all_tasks })}>
          Also items without labels
        </Check>
        <Check checked={choice.with_media} onChange={(with_media) => change({ with_media })}>
          With pictures, sounds and films, as a zip
        </Check>
      </p>
      {losses.isError && <p role="alert">{sentenceOf(losses.error)}</p>}
      {losses.data && <Lost losses={losses.data} />}
      {save.isError && <p role="alert">{sentenceOf(save.error)}</p>}
      <div className="actions">
        <button type="submit" className="primary" disabled={save.isPending || written.length === 0}>
          {save.isPending ? 'Writing the file…' : 'Download'}
        </button>
      </div>
    </form>
  );
}

function holdsOf(formats: readonly Format[], { exportType }: ExportChoice): string {
  return formats.find((format) => format.name === exportType)?.holds ?? '';
}

const LOSSES_SHOWN = 5;

function Lost({ losses }: { losses: Losses }): ReactNode {
  if (losses.count === 0) return <p className="muted">The format holds everything that is chosen.</p>;
  return (
    <details>
      <summary>{plural(losses.count, 'thing')} will be left out or changed, because the format cannot hold it</summary>
      <ul>
        {losses.losses.slice(0, LOSSES_SHOWN).map(({ task, message }) => (
          <li key={`${task} ${message}`} dir="auto">
            Item {count(task)}: {message}
          </li>
        ))}
      </ul>
    </details>
  );
}
