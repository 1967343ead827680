/** Rules with their figures. Choosing one narrows the lists of tasks to it. */
import type { ReactNode } from 'react';
import { count, percent } from '../format.ts';
import { breakable } from '../parts/breakable.tsx';
import type { Figures } from './api.ts';

const COLUMNS: readonly (readonly [string, string])[] = [
  ['Hits', 'Tasks it votes on, of those looked at'],
  ['Coverage', 'Share of tasks it votes on'],
  ['Overlap', 'Share of tasks on which another rule speaks of the same thing'],
  ['Conflict', 'Share of tasks on which another rule says something else'],
  ['Precision', 'Right among its votes (or exact among its spans) on annotated tasks, with a 95 % interval'],
  ['Estimated', 'Right among all its votes, as the label model sees it'],
  ['Alone', 'Tasks on which no other rule speaks of the same thing'],
  ['Flips', 'Tasks whose majority label changes without it'],
  ['ms/M', 'Milliseconds per million characters'],
];

export function RuleTable(props: {
  rules: readonly Figures[];
  estimated: ReadonlyMap<string, number | null>;
  chosen: string | null;
  choose: (rule: string | null) => void;
}): ReactNode {
  return (
    <div className="table-scroll">
      <table className="rule-table">
        <caption className="visually-hidden">Rules and their figures; choose one to see its tasks</caption>
        <thead>
          <tr>
            <th scope="col">Rule</th>
            <th scope="col">Label</th>
            {COLUMNS.map(([name, title]) => (
              <th key={name} scope="col" className="number" title={title}>
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rules.map((rule) => {
            const chosen = rule.id === props.chosen;
            const estimate = rule.estimated ?? props.estimated.get(rule.id) ?? null;
            return (
              <tr key={rule.id} aria-selected={chosen}>
                <td>
                  <button
                    type="button"
                    className="small"
                    aria-pressed={chosen}
                    onClick={() => props.choose(chosen ? null : rule.id)}
                  >
                    {breakable(rule.id)}
                  </button>
                  {!rule.enabled && <span className="chip">off</span>}
                  {rule.fault !== null && <span className="chip state-failed">{rule.fault}</span>}
                </td>
                <td dir="auto">{rule.labels.join(', ')}</td>
                <td className="number">{count(rule.hits)}</td>
                <td className="number">{percent(rule.coverage)}</td>
                <td className="number">{percent(rule.overlap)}</td>
                <td className="number">{percent(rule.conflict)}</td>
                <td className="number">
                  <Precision precision={rule.precision} counts={rule.counts} />
                </td>
                <td className="number">{estimate === null ? '' : percent(estimate)}</td>
                <td className="number">{count(rule.covers)}</td>
                <td className="number">{rule.counts === 'spans' ? '' : count(rule.flips)}</td>
                <td className="number">{rule.ms_per_million_chars.toFixed(1)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

const RIGHT = {
  tasks: (hits: number, n: number) => `${hits} of ${n} annotated hits are right`,
  spans: (hits: number, n: number) => `${hits} of ${n} spans in annotated tasks are exactly as people marked them`,
};

/** Empty until somebody has labeled a hit: no number without what it rests on. */
function Precision({ precision, counts }: Pick<Figures, 'precision' | 'counts'>): ReactNode {
  if (precision === null) return <span className="muted">not yet known</span>;
  const { n, hits, share, low, high } = precision;
  return (
    <span title={RIGHT[counts](hits, n)}>
      {percent(share)}{' '}
      <span className="muted">
        {percent(low).replace(' %', '')}–{percent(high)} of {count(n)}
        {counts === 'spans' && ' spans'}
      </span>
    </span>
  );
}
