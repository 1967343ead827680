/** A new project: drop a file of rows, pictures or sounds, type the labels (or paste a Label Studio config), start. */
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { useLocation } from 'wouter';
import { api } from '../api.ts';
import { addMedia, choicesConfig, mediaTag, problemWith } from '../data/start.ts';
import { plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { ConfigField, Templates } from '../parts/config-field.tsx';
import { DropZone } from '../parts/drop-zone.tsx';
import { SNIFF_BYTES, type Sniffed, sniff } from '../sniff.ts';

type Mode = 'labels' | 'config';

/** Many files have no name in common. */
const TITLES = { Image: 'Pictures', Audio: 'Sounds' };

export default function NewProject({ first }: { first: boolean }): ReactNode {
  const [files, setFiles] = useState<readonly File[]>([]);
  const [sniffed, setSniffed] = useState<Sniffed | null>(null);
  const [title, setTitle] = useState('');
  const [field, setField] = useState('text');
  const [labels, setLabels] = useState('');
  const [mode, setMode] = useState<Mode>('labels');
  const [config, setConfig] = useState('');
  const [busy, setBusy] = useState('');
  const [problem, setProblem] = useState('');
  /** How many times files were chosen. */
  const takes = useRef(0);
  const [, navigate] = useLocation();
  const queries = useQueryClient();

  const names = labelNames(labels);
  const media = mediaTag(files);
  const unfit = problemWith(files);
  const ready =
    files.length > 0 && unfit === null && busy === '' && (mode === 'labels' ? names.length >= 2 : config.trim() !== '');

  async function take(chosen: readonly File[]): Promise<void> {
    takes.current += 1;
    const mine = takes.current;
    const [first] = chosen;
    const tag = mediaTag(chosen);
    const fits = first !== undefined && problemWith(chosen) === null;
    const seen = fits && tag === null ? await sniffFile(first) : null;
    // Others may have been chosen while these were read.
    if (mine !== takes.current) return;
    setFiles(chosen);
    setSniffed(seen);
    setField(seen?.guess ?? 'text');
    if (fits) setTitle((old) => old || (tag === null ? first.name.replace(/\.\w+$/, '') : TITLES[tag]));
  }

  async function create(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (!ready) return;
    setProblem('');
    let made: number | null = null;
    try {
      setBusy('Making the project…');
      const asked =
        media === null ? choicesConfig('Text', field, names) : choicesConfig(media, media.toLowerCase(), names);
      const label_config = mode === 'labels' ? asked : config;
      made = (await api.createProject({ title: title.trim() || files[0]!.name, label_config })).id;
      setBusy(`Importing ${files.length === 1 ? files[0]!.name : plural(files.length, 'file')}…`);
      await (media === null ? api.importFile(made, files[0]!) : addMedia(made, files));
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
    <form className="card stack" onSubmit={(event) => void create(event)}>
      <h2>{first ? 'Start with texts, pictures or sounds' : 'New project'}</h2>
      <DropZone
        files={files}
        accept=".csv,.tsv,.tab,.json,.jsonl,.ndjson,.txt,image/*,audio/*"
        onFiles={(chosen) => void take(chosen)}
      >
        One CSV, TSV, JSON, JSONL or text file; or pictures, or sounds.
      </DropZone>
      {unfit !== null && <p role="alert">{unfit}</p>}
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
        <>
          <Templates onPick={setConfig} />
          <ConfigField config={config} onChange={setConfig} />
        </>
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

async function sniffFile(file: File): Promise<Sniffed> {
  return sniff(file.name, await file.slice(0, SNIFF_BYTES).text(), file.size <= SNIFF_BYTES);
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
