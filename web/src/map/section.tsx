/** The map of the items on the insights page: draw it, colour it, point at items, choose some of them. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useCallback, useMemo, useState } from 'react';
import { api } from '../api.ts';
import { Shown } from '../bulk/cards.tsx';
import { useJobs } from '../events.ts';
import { count, percent, plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { isOpen, JobList } from '../parts/jobs.tsx';
import { useLayout } from '../project.ts';
import type { Job } from '../wire.ts';
import { type MapData, mapApi } from './api.ts';
import { type Hand, MapCanvas } from './canvas.tsx';
import { Chosen } from './chosen.tsx';
import { type ColourBy, type Groups, groupsOf } from './colours.ts';
import { type Corner, pointsInside } from './view.ts';
import './map.css';

const MediaBlock = lazy(() => import('../parts/media.tsx'));

const COLOURS: readonly { readonly by: ColourBy; readonly title: string }[] = [
  { by: 'given', title: 'answers' },
  { by: 'suggested', title: 'suggestions' },
  { by: 'unsure', title: 'how unsure suggestions are' },
  { by: 'open', title: 'open or answered' },
];

export function MapSection({ projectId }: { projectId: number }): ReactNode {
  const queries = useQueryClient();
  const refresh = useCallback(() => queries.invalidateQueries({ queryKey: ['map', projectId] }), [queries, projectId]);
  const ended = useCallback((job: Job): void => void (job.kind === 'map' && refresh()), [refresh]);
  const jobs = useJobs(projectId, ended).filter((job) => job.kind === 'map' && isOpen(job));
  const map = useQuery({ queryKey: ['map', projectId], queryFn: () => mapApi.get(projectId), staleTime: 30_000 });
  const draw = useMutation({ mutationFn: (anew: boolean) => mapApi.draw(projectId, anew) });
  const busy = draw.isPending || jobs.length > 0;
  return (
    <section className="card" aria-labelledby="map-title">
      <h2 id="map-title">Map of the items</h2>
      {map.isError && <p role="alert">{sentenceOf(map.error)}</p>}
      {draw.isError && <p role="alert">{sentenceOf(draw.error)}</p>}
      {map.data === null && (
        <>
          <p className="muted">
            Items that are alike lie together. The map shows which groups nobody has looked at yet and where suggestions
            are unsure, and lets you take a whole group at once.
          </p>
          <div className="actions">
            <button type="button" className="primary" disabled={busy} onClick={() => draw.mutate(false)}>
              Draw the map
            </button>
          </div>
        </>
      )}
      <JobList jobs={jobs} />
      {map.data && (
        <DrawnMap key={map.data.drawn} projectId={projectId} map={map.data} onChange={() => void refresh()} />
      )}
      {map.data && (
        <div className="actions">
          {map.data.unplaced > 0 && (
            <button type="button" disabled={busy} onClick={() => draw.mutate(false)}>
              Place {plural(map.data.unplaced, 'new item')}
            </button>
          )}
          <button type="button" disabled={busy} onClick={() => draw.mutate(true)}>
            Draw anew
          </button>
          <button type="button" disabled={map.isFetching} onClick={() => void refresh()}>
            Refresh the colours
          </button>
        </div>
      )}
    </section>
  );
}

function DrawnMap({ projectId, map, onChange }: { projectId: number; map: MapData; onChange: () => void }): ReactNode {
  const layout = useLayout(projectId);
  const [by, setBy] = useState<ColourBy>('given');
  const [hand, setHand] = useState<Hand>('choose');
  const [area, setArea] = useState<readonly Corner[] | null>(null);
  const [point, setPoint] = useState<number | null>(null);
  const groups = useMemo(() => groupsOf(map, by), [map, by]);
  const points = useMemo(() => (area === null ? [] : pointsInside(map.xy, area)), [map, area]);
  const chosen = useMemo(() => {
    if (points.length === 0) return null;
    const marks = new Uint8Array(map.ids.length);
    for (const i of points) marks[i] = 1;
    return marks;
  }, [map, points]);
  return (
    <>
      <div className="map-tools">
        <label className="field">
          Colours show
          <select value={by} onChange={(event) => setBy(event.target.value as ColourBy)}>
            {COLOURS.map((one) => (
              <option key={one.by} value={one.by}>
                {one.title}
              </option>
            ))}
          </select>
        </label>
        <fieldset className="map-hand">
          <legend className="visually-hidden">Dragging</legend>
          <button type="button" aria-pressed={hand === 'choose'} onClick={() => setHand('choose')}>
            Draw around items
          </button>
          <button type="button" aria-pressed={hand === 'move'} onClick={() => setHand('move')}>
            Move the map
          </button>
        </fieldset>
      </div>
      <div className="map-frame">
        <MapCanvas
          map={map}
          groups={groups}
          hand={hand}
          area={area}
          chosen={chosen}
          onArea={setArea}
          onPoint={setPoint}
        />
        {point !== null && layout !== null && <Pointed projectId={projectId} map={map} at={point} />}
      </div>
      <Legend groups={groups} />
      {area !== null && points.length === 0 && <p role="status">No item lies in there.</p>}
      {area !== null && points.length > 0 && (
        <Chosen
          projectId={projectId}
          map={map}
          area={area}
          points={points}
          labels={layout?.controls[0]?.choices.map((choice) => choice.id) ?? []}
          onClear={() => setArea(null)}
          onChange={onChange}
        />
      )}
    </>
  );
}

function Legend({ groups }: { groups: Groups }): ReactNode {
  return (
    <ul className="map-legend" aria-label="Colours">
      {groups.legend
        .filter((one) => one.count > 0)
        .map((one) => (
          <li key={one.name}>
            <svg width="12" height="12" aria-hidden="true">
              <circle cx="6" cy="6" r="5" fill={one.colour} />
            </svg>
            <span dir="auto">{one.name}</span> <span className="muted">{count(one.count)}</span>
          </li>
        ))}
    </ul>
  );
}

/** The item under the pointer. */
function Pointed({ projectId, map, at }: { projectId: number; map: MapData; at: number }): ReactNode {
  const layout = useLayout(projectId);
  const id = map.ids[at]!;
  const task = useQuery({ queryKey: ['task', id], queryFn: () => api.task(id), staleTime: 60_000 });
  // Played by its key, `p`: the pointer is busy pointing.
  const sound = layout?.blocks.flatMap((block) => (block.kind === 'audio' ? [block] : []))[0];
  const [given, suggested] = [map.labels[map.given[at]!], map.labels[map.suggested[at]!]];
  return (
    <div className="map-pointed" role="status">
      {sound === undefined && task.data && layout !== null && <Shown task={task.data} layout={layout} />}
      {sound !== undefined && (
        <Suspense fallback={null}>
          <MediaBlock key={id} kind="audio" taskId={id} field={sound.value.slice(1)} count={1} />
        </Suspense>
      )}
      <p>
        <span className="muted">Item {id}</span>
        {given !== undefined && <span className="chip good">{given}</span>}
        {given === undefined && suggested !== undefined && (
          <span className="chip">
            {suggested}
            {map.unsure[at]! < 255 && ` ${percent(1 - map.unsure[at]! / 254)}`}
          </span>
        )}
      </p>
    </div>
  );
}
