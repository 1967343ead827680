/** Which items lie on the table: a source, a label, words, and how sure at least. */
import type { ReactNode } from 'react';
import { count, percent, plural } from '../format.ts';
import type { CardFilter, Plan } from './api.ts';

interface FilterProps {
  readonly plan: Plan | null;
  readonly filter: CardFilter;
  readonly onChange: (filter: CardFilter) => void;
}

export function FilterBar({ plan, filter, onChange }: FilterProps): ReactNode {
  return (
    <form className="bulk-filter" aria-label="Which items" onSubmit={(event) => event.preventDefault()}>
      <label className="field">
        Items
        <select value={sourceOf(filter)} onChange={(event) => onChange(withSource(filter, event.target.value))}>
          {plan !== null && <option value="proposals">all proposals</option>}
          <option value="all">all items</option>
          {plan?.clusters.map((cluster) => (
            <option key={cluster.id} value={`cluster ${cluster.id}`}>
              cluster {cluster.id + 1}: {count(cluster.size)}, {percent(cluster.share)} {cluster.label}
            </option>
          ))}
          <option value="similar">similar to item…</option>
          {filter.source === 'map' && <option value="map">chosen on the map</option>}
        </select>
      </label>
      {filter.source === 'similar' && (
        <label className="field">
          Item
          <input
            type="number"
            min={1}
            value={filter.task ?? ''}
            onChange={(event) => onChange(withTask(filter, Number(event.target.value)))}
          />
        </label>
      )}
      {plan !== null && (filter.source === 'proposals' || filter.source === 'cluster') && (
        <label className="field">
          Proposed label
          <select value={filter.label ?? ''} onChange={(event) => onChange(withLabel(filter, event.target.value))}>
            <option value="">any</option>
            {plan.labels.map(({ label }) => (
              <option key={label} value={label}>
                {label}
              </option>
            ))}
          </select>
        </label>
      )}
      <label className="field">
        Words
        <input
          type="search"
          value={filter.text ?? ''}
          placeholder="part of the text"
          onChange={(event) => onChange({ ...filter, text: event.target.value })}
        />
      </label>
      {plan !== null && filter.source === 'proposals' && <Threshold plan={plan} filter={filter} onChange={onChange} />}
    </form>
  );
}

/** Count and precision follow the slider at once: the plan holds both for every step. */
function Threshold({ plan, filter, onChange }: FilterProps & { plan: Plan }): ReactNode {
  const step = Math.round((filter.least ?? 0) * 100);
  const point = plan.curve[step]!;
  const own = plan.labels.find((label) => label.label === filter.label);
  const items = own?.counts[step] ?? point.tasks;
  return (
    <label className="field bulk-threshold">
      At least this sure
      <input
        type="range"
        min={0}
        max={100}
        value={step}
        aria-valuetext={plural(items, 'item')}
        onChange={(event) => onChange({ ...filter, least: Number(event.target.value) / 100 })}
      />
      <output>
        <b>{count(items)}</b> {items === 1 ? 'item' : 'items'},{' '}
        {point.total === 0
          ? 'precision unknown: nothing was checked there'
          : `${percent(point.right / point.total)} of ${count(point.total)} checked are right, at least ${percent(point.bound)}`}
      </output>
    </label>
  );
}

function sourceOf({ source, cluster }: CardFilter): string {
  return source === 'cluster' ? `cluster ${cluster}` : source;
}

function withSource({ label, text }: CardFilter, chosen: string): CardFilter {
  const kept = { ...(label === undefined ? {} : { label }), ...(text === undefined ? {} : { text }) };
  if (chosen.startsWith('cluster ')) return { ...kept, source: 'cluster', cluster: Number(chosen.slice(8)) };
  return { ...kept, source: chosen === 'similar' || chosen === 'all' ? chosen : 'proposals' };
}

function withTask({ task: _, ...rest }: CardFilter, task: number): CardFilter {
  return task > 0 ? { ...rest, task } : rest;
}

function withLabel({ label: _, ...rest }: CardFilter, label: string): CardFilter {
  return label === '' ? rest : { ...rest, label };
}
