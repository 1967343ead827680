/** A new project: drop a file, type the labels (or paste a Label Studio config), start. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type DragEvent, type FormEvent, type ReactNode, useEffect, useId, useState } from 'react';
import { useLocation } from 'wouter';
import { api } from '../api.ts';
import { ApiProblem, sentenceOf } from '../http.ts';
import { textChoicesConfig } from '../layout.ts';
import { SNIFF_BYTES, type Sniffed, sniff } from '../sniff.ts';

type Mode = 'labels' | 'config';

export default function NewProject({ first }: { first: boolean }): ReactNode {
  const [file, setFile] = useState<File | null>(null);
  const [sniffed, setSniffed] = useState<Sniffed | null>(null);
  const [title, setTitle] = useState('');
  const [field, setField] = useState('text');
  const [labels, setLabels] = useState('');
  const [mode, setMode] = useState<Mode>('labels');
  const [config, setConfig] = useState('');
  const [busy, setBusy] = useState('');
  const [problem, setProblem] = useState('');
  const [, navigate] = useLocation();
  const queries = useQueryClient();

  const names = labelNames(labels);
  const ready = file !== null && busy === '' && (mode === 'labels' ? names.length >= 2 : config.trim() !== '');

  async function take(chosen: File): Promise<void> {
    const seen = sniff(chosen.name, await chosen.slice(0, SNIFF_BYTES).text(), chosen.size <= SNIFF_BYTES);
    setFile(chosen);
    setSniffed(seen);
    setField(seen.guess ?? 'text');
    setTitle((old) => old || chosen.name.replace(/\.\w+$/, ''));
  }

  async function create(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!ready || file === null) return;
    setProblem('');
    let made: number | null = null;
    try {
      setBusy('Making the project…');
      const label_config = mode === 'labels' ? textChoicesConfig(field, names) : config;
      made = (await api.createProject({ title: title.trim() || file.name, label_config })).id;
      setBusy(`Importing ${file.name}…`);
      await api.importFile(made, file);
      await queries.invalidateQueries({ queryKey: ['projects'] });
      navigate(`/projects/${made}/label`);
    } catch (error) {
      // An import is all or nothing; a project without tasks would only be in the way.
      if (made !== null) await api.deleteProject(made).catch(() => undefined);
      setProblem(sentenceOf(error));
      setBusy('');
    }
  }

  const listed = sniffed?.columns.filter((column) => column.classes.length > 0) ?? [];
  return (
    <form className="card new-project" onSubmit={(event) => void create(event)}>
      <h2>{first ? 'Start with a file of texts' : 'New project'}</h2>
      <DropZone file={file} onFile={(chosen) => void take(chosen)} />
      {sniffed?.problem && <p role="alert">{sniffed.problem}</p>}
      <div className="field-row">
        <label className="field">
          Title
          <input value={title} onChange={(event) => setTitle(event.target.value)} maxLength={200} dir="auto" />
        </label>
        {mode === 'labels' && sniffed !== null && sniffed.columns.length > 0 && (
          <label className="field">
            Text to label
            <select value={field} onChange={(event) => setField(event.target.value)}>
              {sniffed.columns.map((column) => (
                <option key={column.name} value={column.name}>
                  {column.name}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {mode === 'labels' && sniffed !== null && (
        <blockquote className="sample" dir="auto">
          {sniffed.columns.find((column) => column.name === field)?.sample}
        </blockquote>
      )}
      <fieldset className="tabs">
        <legend className="visually-hidden">How to say what the labels are</legend>
        <label>
          <input type="radio" name="mode" checked={mode === 'labels'} onChange={() => setMode('labels')} /> Type labels
        </label>
        <label>
          <input type="radio" name="mode" checked={mode === 'config'} onChange={() => setMode('config')} /> Paste a
          Label Studio config, or start from a template
        </label>
      </fieldset>
      {mode === 'labels' && labels === '' && listed.length > 0 && (
        <div className="actions">
          {listed.map((column) => (
            <button key={column.name} type="button" onClick={() => setLabels(column.classes.join('\n'))}>
              Use the {column.classes.length} values of “{column.name}”
            </button>
          ))}
        </div>
      )}
      {mode === 'labels' ? (
        <label className="field">
          Labels, separated by commas or one to a line
          <textarea
            rows={names.length > 12 ? 6 : 2}
            value={labels}
            onChange={(event) => setLabels(event.target.value)}
            placeholder="spam, ham"
            dir="auto"
          />
          <span className="muted">{countOf(names)}</span>
        </label>
      ) : (
        <ConfigField config={config} onChange={setConfig} />
      )}
      {problem !== '' && <p role="alert">{problem}</p>}
      <div className="actions">
        <button type="submit" className="primary" disabled={!ready}>
          {busy || 'Create and start labeling'}
        </button>
      </div>
    </form>
  );
}

/** What will become buttons: by name while they can be taken in at a glance. */
function countOf(names: readonly string[]): string {
  if (names.length === 1) return 'One more label is needed.';
  return names.length > 12 ? `${names.length} labels` : names.join(' · ');
}

/** Trimmed, without empties and repeats, in order. One to a line, and then a label may hold commas; else by commas. */
function labelNames(text: string): string[] {
  const parts = text.trim().split(text.trim().includes('\n') ? '\n' : ',');
  return [...new Set(parts.map((label) => label.trim()))].filter((label) => label !== '');
}

function DropZone({ file, onFile }: { file: File | null; onFile: (file: File) => void }): ReactNode {
  const [over, setOver] = useState(false);
  const drop = (event: DragEvent): void => {
    event.preventDefault();
    setOver(false);
    const dropped = event.dataTransfer.files[0];
    if (dropped !== undefined) onFile(dropped);
  };
  return (
    <label
      className={`drop ${over ? 'over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <input
        type="file"
        className="visually-hidden"
        accept=".csv,.tsv,.tab,.json,.jsonl,.ndjson,.txt"
        onChange={(event) => {
          const chosen = event.target.files?.[0];
          if (chosen !== undefined) onFile(chosen);
        }}
      />
      {file === null ? (
        <>
          <b>Drop a file here</b> or choose one. <span className="muted">CSV, TSV, JSON, JSONL or plain text.</span>
        </>
      ) : (
        <>
          <b dir="auto">{file.name}</b>{' '}
          <span className="muted">{Math.ceil(file.size / 1_000)} kB. Choose another.</span>
        </>
      )}
    </label>
  );
}

const CHECK_AFTER_MS = 250;

function ConfigField({ config, onChange }: { config: string; onChange: (config: string) => void }): ReactNode {
  const [settled, setSettled] = useState(config);
  const verdictId = useId();
  useEffect(() => {
    const timer = setTimeout(() => setSettled(config), CHECK_AFTER_MS);
    return () => clearTimeout(timer);
  }, [config]);
  const check = useQuery({
    queryKey: ['check-config', settled],
    queryFn: () => api.checkConfig(settled),
    enabled: settled.trim() !== '',
    retry: false,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <>
      <Templates onPick={onChange} />
      <label className="field">
        Label config
        <textarea
          className="code"
          rows={10}
          spellCheck={false}
          value={config}
          onChange={(event) => onChange(event.target.value)}
          aria-describedby={verdictId}
          aria-invalid={check.isError}
        />
        <span id={verdictId} aria-live="polite" className={check.isError ? 'bad' : 'muted'}>
          {settled.trim() === '' && 'As in Label Studio: Settings, Labeling Interface, Code.'}
          {check.isError && placed(check.error)}
          {check.data?.controls
            .map((control) => `${control.type} "${control.name}": ${control.labels.join(', ')}`)
            .join('; ')}
        </span>
      </label>
    </>
  );
}

/** Ready configs by kind of data; picking one fills the field, where it can be changed. */
function Templates({ onPick }: { onPick: (config: string) => void }): ReactNode {
  const templates = useQuery({
    queryKey: ['templates'],
    queryFn: api.templates,
    staleTime: Number.POSITIVE_INFINITY,
  });
  const groups = [...new Set(templates.data?.map((template) => template.group))];
  return (
    <label className="field">
      Start from a template
      <select
        defaultValue=""
        onChange={(event) => {
          const picked = templates.data?.find((template) => template.name === event.target.value);
          if (picked) onPick(picked.label_config);
        }}
      >
        <option value="">None: paste your own below</option>
        {groups.map((group) => (
          <optgroup key={group} label={group}>
            {templates.data
              ?.filter((template) => template.group === group)
              .map((template) => (
                <option key={template.name} value={template.name}>
                  {template.title}
                </option>
              ))}
          </optgroup>
        ))}
      </select>
    </label>
  );
}

function placed(error: unknown): string {
  if (!(error instanceof ApiProblem)) return sentenceOf(error);
  const { line, column } = error.details;
  return typeof line === 'number' ? `Line ${line}, column ${String(column ?? 1)}: ${error.message}` : error.message;
}
