/** Models of this server, and which of them pre-label what in this project. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useCallback, useState } from 'react';
import { useJobs } from '../events.ts';
import { ago, count, plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { type ControlModels, type Model, modelsApi } from '../models/api.ts';
import { JobList } from '../parts/jobs.tsx';

export default function ModelsPage({ projectId }: { projectId: number }): ReactNode {
  const queries = useQueryClient();
  const refresh = useCallback(() => {
    void queries.invalidateQueries({ queryKey: ['library'] });
    void queries.invalidateQueries({ queryKey: ['model-controls', projectId] });
  }, [queries, projectId]);
  const jobs = useJobs(projectId, refresh).filter(({ kind }) => kind === 'prelabel-by-model');
  const controls = useQuery({ queryKey: ['model-controls', projectId], queryFn: () => modelsApi.controls(projectId) });
  const library = useQuery({ queryKey: ['library'], queryFn: modelsApi.library });
  const act = useMutation({ mutationFn: (work: () => Promise<unknown>) => work(), onSettled: refresh });
  const bind = (control: string, model: string | null): void =>
    act.mutate(async () => {
      await modelsApi.bind(projectId, control, model);
      if (model !== null) await modelsApi.prelabel(projectId);
    });
  return (
    <main className="page">
      <h1>Models</h1>
      <p className="muted">
        A model proposes labels before anybody has labeled. What it says is a run: look at it under Runs, undo it there.
      </p>
      {act.isError && <p role="alert">{sentenceOf(act.error)}</p>}
      {controls.isError && <p role="alert">{sentenceOf(controls.error)}</p>}
      <h2>In this project</h2>
      {controls.data?.length === 0 && (
        <p className="muted">No model here answers what this project asks. Add one below; its labels must match.</p>
      )}
      {controls.data?.map((one) => (
        <Control key={one.control} of={one} busy={act.isPending} bind={(model) => bind(one.control, model)} />
      ))}
      {controls.data?.some(({ bound }) => bound !== null) && (
        <div className="actions">
          <button
            type="button"
            disabled={act.isPending}
            onClick={() => act.mutate(() => modelsApi.prelabel(projectId))}
          >
            Pre-label what is new or failed
          </button>
        </div>
      )}
      <JobList jobs={jobs} />
      <h2>On this server</h2>
      {library.isError && <p role="alert">{sentenceOf(library.error)}</p>}
      {library.data && (
        <Library models={library.data} busy={act.isPending} serve={(id) => act.mutate(() => modelsApi.serve(id))} />
      )}
      <AddModel onAdded={refresh} />
    </main>
  );
}

function Control(props: { of: ControlModels; busy: boolean; bind: (model: string | null) => void }): ReactNode {
  const { control, type, bound, offer, models } = props.of;
  const shown = models.find(({ name }) => name === (bound ?? offer));
  return (
    <section aria-label={control}>
      <label className="field">
        <span>
          {control} <span className="muted">({type})</span> is pre-labeled by
        </span>
        <select value={bound ?? ''} disabled={props.busy} onChange={(event) => props.bind(event.target.value || null)}>
          <option value="">nobody</option>
          {models.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {offer !== null && (
        <p>
          {offer} fits.{' '}
          <button type="button" className="small" disabled={props.busy} onClick={() => props.bind(offer)}>
            Let it pre-label
          </button>
        </p>
      )}
      {shown && (
        <p className="muted">
          {count(shown.mapped)} of {plural(shown.classes, 'class', 'classes')} have a label here.
          {shown.unmapped_labels.length > 0 && ` No class means: ${shown.unmapped_labels.join(', ')}.`}
          {shown.unmapped_classes.length > 0 && ` Left out: ${shown.unmapped_classes.slice(0, 8).join(', ')}…`}
        </p>
      )}
    </section>
  );
}

function Library(props: { models: readonly Model[]; busy: boolean; serve: (id: string) => void }): ReactNode {
  return (
    <div className="table-scroll">
      <table aria-label="Models of this server">
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">For</th>
            <th scope="col">License</th>
            <th scope="col">From</th>
            <th scope="col">
              <span className="visually-hidden">Serve</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {props.models.map((model) => (
            <tr key={model.id}>
              <td className="nowrap">
                {model.name} <code>{model.version}</code> {model.serving && <span className="chip good">serving</span>}
                {model.shadow && <span className="chip">shadow</span>}
              </td>
              <td>
                {model.kind}, {model.input}
              </td>
              <td>{model.license}</td>
              <td dir="auto">
                {model.origin}
                {model.added_at !== null && `, ${ago(model.added_at, Date.now())}`}
              </td>
              <td className="number">
                {!model.serving && (
                  <button type="button" className="small" disabled={props.busy} onClick={() => props.serve(model.id)}>
                    Serve this <span className="visually-hidden">version of {model.name}</span>
                  </button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function AddModel({ onAdded }: { onAdded: () => void }): ReactNode {
  const [name, setName] = useState('');
  const [files, setFiles] = useState<readonly File[]>([]);
  const add = useMutation({ mutationFn: () => modelsApi.add(name, files), onSuccess: onAdded });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <form className="card stack" aria-labelledby="add-model-title" onSubmit={submit}>
      <h2 id="add-model-title">Add a model</h2>
      <p className="muted">
        model.onnx with labels.txt (pictures), or with labels.txt and tokenizer.json (texts). It is tried in a process
        of its own before it serves.
      </p>
      <label className="field">
        Files
        <input type="file" multiple onChange={(event) => setFiles([...(event.target.files ?? [])])} />
      </label>
      <label className="field">
        Name
        <input
          value={name}
          maxLength={64}
          placeholder="lower-case letters, digits, - and ."
          onChange={(event) => setName(event.target.value)}
        />
      </label>
      {add.isError && <p role="alert">{sentenceOf(add.error)}</p>}
      {add.data && (
        <p role="status">
          {add.data.id} is here: {add.data.kind}, {plural(add.data.classes, 'class', 'classes')}.
          {add.data.assumed.length > 0 && ` Assumed: ${add.data.assumed.join('; ')}.`}
        </p>
      )}
      <div className="actions">
        <button type="submit" className="primary" disabled={files.length === 0 || add.isPending}>
          {add.isPending ? 'Trying it…' : 'Add'}
        </button>
      </div>
    </form>
  );
}
