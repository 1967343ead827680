/** A labeled span proposed wherever its words occur again: choose it, see where that is, propose it as one run. */
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import { count, plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { Check } from '../parts/check.tsx';
import { bulkApi, type Region, type SpanRequest } from './api.ts';

/** Distinct spans offered at once: beyond, people narrow by words. */
const OFFERED = 24;

interface LabeledSpan {
  readonly task: number;
  readonly words: string;
  readonly label: string;
  readonly region: Region;
}

interface SpansProps {
  readonly projectId: number;
  readonly busy: boolean;
  readonly onPropose: (request: SpanRequest) => void;
}

export function SpanRepeats({ projectId, busy, onPropose }: SpansProps): ReactNode {
  const [words, setWords] = useState('');
  const [chosen, setChosen] = useState<LabeledSpan | null>(null);
  const [search, setSearch] = useState({ project: true, wholeWords: true, foldCase: true });
  const annotations = useQuery({
    queryKey: ['spans', projectId],
    queryFn: () => bulkApi.newestAnnotations(projectId),
  });
  const spans = useMemo(() => spansOf(annotations.data ?? []), [annotations.data]);
  const offered = spans.filter((span) => span.words.toLowerCase().includes(words.toLowerCase())).slice(0, OFFERED);
  const request = chosen && requestOf(chosen, search);
  const preview = useQuery({
    queryKey: ['span', projectId, request],
    queryFn: () => bulkApi.previewSpan(projectId, request!),
    enabled: request !== null,
  });
  const toggle = (name: keyof typeof search, title: string): ReactNode => (
    <Check checked={search[name]} onChange={(checked) => setSearch({ ...search, [name]: checked })}>
      {title}
    </Check>
  );
  return (
    <section className="card bulk-plan" aria-label="Repeat a span">
      <h2>Repeat a labeled span</h2>
      {annotations.data !== undefined && spans.length === 0 ? (
        <p className="muted">Label a span first; here it is then proposed wherever its words occur again.</p>
      ) : (
        <>
          <p className="muted">Choose one, see where else its words occur, and propose it there as one run.</p>
          <label className="field">
            Labeled words
            <input type="search" value={words} onChange={(event) => setWords(event.target.value)} />
          </label>
          <ul className="bulk-spans" aria-label="Labeled spans">
            {offered.map((span) => (
              <li key={`${span.label}/${span.words}`}>
                <button
                  type="button"
                  className="small"
                  aria-pressed={span === chosen}
                  onClick={() => setChosen(span === chosen ? null : span)}
                >
                  <span dir="auto">{span.words}</span> <span className="chip">{span.label}</span>
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
      {chosen !== null && (
        <>
          <div className="actions">
            {toggle('project', 'in all items, not only in its own')}
            {toggle('wholeWords', 'whole words')}
            {toggle('foldCase', 'any case')}
          </div>
          {preview.isError && <p role="alert">{sentenceOf(preview.error)}</p>}
          {preview.data === undefined && !preview.isError && <p className="muted">Looking for it…</p>}
          {preview.data !== undefined && (
            <>
              <p role="status">
                <b dir="auto">{chosen.words}</b> occurs{' '}
                {preview.data.spans === 0
                  ? 'nowhere else, or is labeled there already.'
                  : `${plural(preview.data.spans, 'more time')} in ${plural(preview.data.tasks, 'item')}.`}
              </p>
              <ul className="bulk-places">
                {preview.data.examples.map((one) => (
                  <li key={one.task}>
                    <span className="muted">Item {one.task}</span>{' '}
                    <span dir="auto">
                      {one.before}
                      <mark>{one.words}</mark>
                      {one.after}
                    </span>
                    {one.more > 0 && <span className="muted"> and {count(one.more)} more</span>}
                  </li>
                ))}
              </ul>
              <div className="actions">
                <button
                  type="button"
                  className="primary"
                  disabled={busy || preview.data.spans === 0}
                  onClick={() => onPropose(request!)}
                >
                  Propose {chosen.label} at {plural(preview.data.spans, 'place')}
                </button>
              </div>
            </>
          )}
        </>
      )}
    </section>
  );
}

function requestOf(
  { task, region }: LabeledSpan,
  { project, wholeWords, foldCase }: { project: boolean; wholeWords: boolean; foldCase: boolean },
): SpanRequest {
  return { task, region, scope: project ? 'project' : 'task', whole_words: wholeWords, fold_case: foldCase };
}

type Annotations = Awaited<ReturnType<typeof bulkApi.newestAnnotations>>;

/** Distinct words under distinct labels, the newest first. */
function spansOf(annotations: Annotations): LabeledSpan[] {
  const spans = new Map<string, LabeledSpan>();
  for (const { task, result } of [...annotations].reverse()) {
    for (const region of result) {
      const value = (region.value ?? {}) as Readonly<Record<string, unknown>>;
      const labels = value[String(region.type)];
      if (typeof value.text !== 'string' || typeof value.start !== 'number' || !Array.isArray(labels)) continue;
      const span = { task, words: value.text, label: labels.join(' + '), region };
      const key = `${span.label}/${span.words.toLowerCase()}`;
      if (!spans.has(key)) spans.set(key, span);
    }
  }
  return [...spans.values()];
}

/** Does this config ask for stretches of a text? */
export function asksForSpans(labelConfig: string): boolean {
  const document = new DOMParser().parseFromString(labelConfig, 'application/xml');
  return document.querySelector('Labels') !== null && document.querySelector('Text') !== null;
}
