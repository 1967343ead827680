/** "Look at 20 first": how many of a random sample are wrong bounds how many of all are. */
import { type ReactNode, useState } from 'react';
import { count, percent, plural } from '../format.ts';
import type { Layout } from '../layout.ts';
import type { Sample } from './api.ts';
import { Shown } from './cards.tsx';

interface SampleProps {
  readonly sample: Sample;
  readonly layout: Layout;
  /** Items that would be labeled. */
  readonly items: number;
  readonly busy: boolean;
  readonly onAccept: () => void;
  readonly onClose: () => void;
}

export function SampleCheck({ sample, layout, items, busy, onAccept, onClose }: SampleProps): ReactNode {
  const [wrong, setWrong] = useState<ReadonlySet<number>>(new Set());
  const mark = (id: number): void => {
    const next = new Set(wrong);
    if (!next.delete(id)) next.add(id);
    setWrong(next);
  };
  const bound = sample.bounds[wrong.size] ?? 1;
  return (
    <section className="card bulk-sample" aria-label="Random sample">
      <div className="page-head">
        <h2>{plural(sample.cards.length, 'random item')}: mark the wrong ones</h2>
        <button type="button" className="small" onClick={onClose}>
          Close
        </button>
      </div>
      <ol>
        {sample.cards.map(({ task, label }) => (
          <li key={task.id} className={wrong.has(task.id) ? 'wrong' : ''}>
            <span className="chip">{label ?? 'no proposal'}</span>
            <Shown task={task} layout={layout} />
            <button type="button" className="small" aria-pressed={wrong.has(task.id)} onClick={() => mark(task.id)}>
              Wrong<span className="visually-hidden"> item {task.id}</span>
            </button>
          </li>
        ))}
      </ol>
      <p role="status">
        {wrong.size} of {sample.cards.length} wrong: at most <b>{percent(bound)}</b> of all {count(items)} are.
      </p>
      <div className="actions">
        <button type="button" className="primary" disabled={busy || items === 0} onClick={onAccept}>
          Accept all {count(items)} suggestions
        </button>
      </div>
    </section>
  );
}
