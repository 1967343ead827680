/** Groups of copies: one label for all, one copy kept, and a warning where people labeled copies differently. */
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { count, plural } from '../format.ts';
import type { Layout } from '../layout.ts';
import type { Copies, CopyGroup, Item } from './api.ts';
import { Shown } from './cards.tsx';

/** Groups shown before anybody asks for more, and items of each. */
const GROUPS_SHOWN = 10;
const ITEMS_SHOWN = 4;

const MEASURES: Readonly<Record<string, string>> = {
  content: 'equal',
  words: 'same words',
  picture: 'same picture',
  meaning: 'nearly the same',
};

interface CopiesProps {
  readonly copies: Copies;
  readonly layout: Layout;
  readonly busy: boolean;
  readonly onLabel: (items: readonly Item[]) => void;
  readonly onKeep: (task: number) => void;
  readonly onClose: () => void;
}

export function CopyGroups({ copies, layout, busy, onLabel, onKeep, onClose }: CopiesProps): ReactNode {
  const [shown, setShown] = useState(GROUPS_SHOWN);
  const known = copies.groups.flatMap(likeTheLabeled);
  return (
    <section className="card bulk-copies" aria-label="Copies">
      <div className="page-head">
        <h2>
          {plural(copies.total, 'group')} of copies
          {copies.conflicts > 0 && `, ${count(copies.conflicts)} with contradictory labels`}
        </h2>
        <button type="button" className="small" onClick={onClose}>
          Close
        </button>
      </div>
      {known.length > 0 && (
        <div className="actions">
          <button type="button" className="primary" disabled={busy} onClick={() => onLabel(known)}>
            Label {plural(known.length, 'copy', 'copies')} like their labeled one
          </button>
        </div>
      )}
      <ol>
        {copies.groups.slice(0, shown).map((group) => (
          <Group key={group.tasks[0]} {...{ group, layout, busy, onLabel, onKeep }} />
        ))}
      </ol>
      {shown < copies.groups.length && (
        <button type="button" onClick={() => setShown(shown + GROUPS_SHOWN)}>
          Show more of {count(copies.total)}
        </button>
      )}
    </section>
  );
}

/** Open copies with the one label that people gave their group; none where they gave several. */
function likeTheLabeled({ labels, open }: CopyGroup): Item[] {
  const [only, ...more] = Object.keys(labels);
  return only === undefined || more.length > 0 ? [] : open.map((task) => ({ task, labels: [only] }));
}

interface GroupProps extends Omit<CopiesProps, 'copies' | 'onClose'> {
  readonly group: CopyGroup;
}

function Group({ group, layout, busy, onLabel, onKeep }: GroupProps): ReactNode {
  const { tasks, measure, labels, open } = group;
  const given = Object.entries(labels);
  const kept = given[0]?.[1][0] ?? open[0];
  return (
    <li>
      <p className="bulk-says">
        <b>{count(tasks.length)} copies</b> {MEASURES[measure] ?? measure}
        {given.map(([label, own]) => (
          <span key={label} className="chip good" dir="auto">
            {label} ({count(own.length)})
          </span>
        ))}
      </p>
      {given.length > 1 && (
        <p className="bulk-warning">
          These copies carry different labels:{' '}
          {given.map(([label, own]) => `${label} for ${own.map((id) => `item ${id}`).join(', ')}`).join('; ')}. Only one
          can be right.
        </p>
      )}
      <div className="bulk-copies-items">
        {tasks.slice(0, ITEMS_SHOWN).map((task) => (
          <Copy key={task} task={task} layout={layout} />
        ))}
        {tasks.length > ITEMS_SHOWN && <span className="muted">and {count(tasks.length - ITEMS_SHOWN)} more</span>}
      </div>
      {open.length === 0 ? (
        <p className="muted">Every copy is answered or skipped.</p>
      ) : (
        <div className="actions">
          {(given.length === 0
            ? (layout.controls[0]?.choices.map((choice) => choice.id) ?? [])
            : given.map(([label]) => label)
          ).map((label) => (
            <button
              key={label}
              type="button"
              disabled={busy}
              onClick={() => onLabel(open.map((task) => ({ task, labels: [label] })))}
            >
              Label {given.length === 0 ? 'all' : 'the others'} as <span dir="auto">{label}</span>
            </button>
          ))}
          {kept !== undefined && open.some((task) => task !== kept) && (
            <button type="button" disabled={busy} onClick={() => onKeep(kept)}>
              Keep item {kept}, skip the others
            </button>
          )}
        </div>
      )}
    </li>
  );
}

function Copy({ task, layout }: { task: number; layout: Layout }): ReactNode {
  const item = useQuery({ queryKey: ['task', task], queryFn: () => api.task(task), staleTime: 600_000 });
  return (
    <div className="bulk-copy">
      <span className="muted">Item {task}</span>
      {item.data !== undefined && <Shown task={item.data} layout={layout} />}
    </div>
  );
}
