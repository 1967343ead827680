/** "Look at 20 first": how many of a random sample are wrong bounds how many of all are. */
import { type ReactNode, useState } from 'react';
import { count, percent, plural } from '../format.ts';
import type { Layout } from '../layout.ts';
import type { Sample } from './api.ts';
import { Shown } from './cards.tsx';

/** What the server labels in one act. */
const ITEMS_MAX = 10_000;

interface SampleProps {
  readonly sample: Sample;
  readonly layout: Layout;
  /** Items on the table: those without an answer are labeled where something is proposed. */
  readonly items: number;
  readonly busy: boolean;
  /** All but those marked as wrong. */
  readonly onAccept: (wrong: ReadonlySet<number>) => void;
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
  const none = sample.cards.length === 0;
  return (
    <section className="card bulk-sample" aria-label="Random sample">
      <div className="page-head">
        <h2>{none ? 'Nothing to check' : `${plural(sample.cards.length, 'random item')}: mark the wrong ones`}</h2>
        <button type="button" className="small" onClick={onClose}>
          Close
        </button>
      </div>
      <ol>
        {sample.cards.map(({ task, labels }) => (
          <li key={task.id} className={wrong.has(task.id) ? 'wrong' : ''}>
            <span className="chip">{labels.join(', ')}</span>
            <Shown task={task} layout={layout} />
            <button type="button" className="small" aria-pressed={wrong.has(task.id)} onClick={() => mark(task.id)}>
              Wrong<span className="visually-hidden"> item {task.id}</span>
            </button>
          </li>
        ))}
      </ol>
      <p role="status">
        {none ? (
          'No unanswered item here has a suggestion yet: label some items, or write rules, and look again.'
        ) : (
          <>
            {wrong.size} of {sample.cards.length} wrong: at most <b>{percent(bound)}</b> of all open suggestions here
            are.
          </>
        )}
      </p>
      {!none && (
        <div className="actions">
          <button
            type="button"
            className="primary"
            disabled={busy || items > ITEMS_MAX}
            onClick={() => onAccept(wrong)}
          >
            {wrong.size === 0 ? 'Accept all open suggestions' : 'Accept all but the wrong ones'}
          </button>
          {items > ITEMS_MAX && (
            <span className="muted">More than {count(ITEMS_MAX)} items at once: narrow the choice down first.</span>
          )}
        </div>
      )}
    </section>
  );
}
