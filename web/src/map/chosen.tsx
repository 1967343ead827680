/** What to do with the items in an area of the map: look at them together, ask for them first, or label them in one act. */
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { api } from '../api.ts';
import { bulkApi } from '../bulk/api.ts';
import { count, plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { type MapData, mapApi } from './api.ts';
import { areaText, type Corner } from './view.ts';

interface ChosenProps {
  readonly projectId: number;
  readonly map: MapData;
  readonly area: readonly Corner[];
  /** Places of the chosen points in the columns. */
  readonly points: readonly number[];
  /** Labels of the question that a bulk act answers; none where it has no choices. */
  readonly labels: readonly string[];
  readonly onClear: () => void;
  /** Answers have changed. */
  readonly onChange: () => void;
}

/** What one request and one bulk act may hold. */
const ITEMS_MAX = 10_000;

export function Chosen({ projectId, map, area, points, labels, onClear, onChange }: ChosenProps): ReactNode {
  const [label, setLabel] = useState('');
  const [done, setDone] = useState<{ text: string; runId: number | null } | null>(null);
  const act = useMutation({
    mutationFn: (work: () => Promise<{ text: string; runId: number | null }>) => work(),
    onSuccess: (result) => {
      setDone(result);
      onChange();
    },
  });
  const open = points.filter((i) => map.given[i]! < 0).map((i) => map.ids[i]!);
  const some = open.slice(0, ITEMS_MAX);
  const bulk = new URLSearchParams({ source: 'map', area: areaText(area), drawn: map.drawn });
  const ask = async () => {
    const { queued } = await mapApi.queueFirst(projectId, some);
    return { text: `${plural(queued, 'item')} now come first in the queue.`, runId: null };
  };
  const give = async () => {
    const items = some.map((task) => ({ task, labels: [label] }));
    const { output } = await bulkApi.label(projectId, items);
    const { runId, labeled } = output as { runId: number; labeled: number };
    return { text: `Labeled ${plural(labeled, 'item')} as ${label}.`, runId };
  };
  const undo = async (runId: number) => {
    await api.undoRun(runId);
    return { text: 'Taken back, as a whole.', runId: null };
  };
  return (
    <section className="map-chosen" aria-label="Chosen items">
      <p role="status">
        <b>{plural(points.length, 'item')}</b> chosen, {count(open.length)} of them open.
        {open.length > ITEMS_MAX && ` One act takes the first ${count(ITEMS_MAX)}.`}
      </p>
      <div className="actions">
        <Link className="button" href={`/projects/${projectId}/bulk?${bulk.toString()}`}>
          Look at them in Bulk
        </Link>
        <button type="button" disabled={act.isPending || some.length === 0} onClick={() => act.mutate(ask)}>
          Ask for them first
        </button>
        {labels.length > 0 && (
          <>
            <select aria-label="Label" value={label} onChange={(event) => setLabel(event.target.value)}>
              <option value="">Label…</option>
              {labels.map((one) => (
                <option key={one} value={one}>
                  {one}
                </option>
              ))}
            </select>
            <button
              type="button"
              className="primary"
              disabled={act.isPending || label === '' || some.length === 0}
              onClick={() => act.mutate(give)}
            >
              {act.isPending ? 'Working…' : `Label ${plural(some.length, 'open item')}`}
            </button>
          </>
        )}
        <button type="button" onClick={onClear}>
          Let go
        </button>
      </div>
      {act.isError && <p role="alert">{sentenceOf(act.error)}</p>}
      {done !== null && (
        <p role="status">
          {done.text}{' '}
          {done.runId !== null && (
            <button type="button" className="small" onClick={() => act.mutate(() => undo(done.runId!))}>
              Undo
            </button>
          )}
        </p>
      )}
    </section>
  );
}
