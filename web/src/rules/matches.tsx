/** Tasks to look at, in tabs: what rules hit, what contradicts them, what they miss. Matches are marked by the server. */
import { type KeyboardEvent, lazy, type ReactNode, Suspense, useRef } from 'react';
import { count } from '../format.ts';
import type { Preview, RuleTask } from './api.ts';

export type Tab = 'hits' | 'contradicted' | 'misses';

/** What the server lists of each. */
const LISTED_MAX = 50;

const TABS: readonly { readonly tab: Tab; readonly title: string; readonly empty: string }[] = [
  { tab: 'hits', title: 'Hits', empty: 'No rule says anything about these tasks.' },
  { tab: 'contradicted', title: 'Conflicts', empty: 'Nothing speaks against the rules.' },
  { tab: 'misses', title: 'Misses', empty: 'No annotated task was missed.' },
];

export function Matches(props: { preview: Preview; tab: Tab; choose: (tab: Tab) => void }): ReactNode {
  const { preview, tab } = props;
  const list = useRef<HTMLDivElement>(null);
  const { empty } = TABS.find((one) => one.tab === tab)!;
  const move = (event: KeyboardEvent): void => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (step === 0) return;
    event.preventDefault();
    const at = (TABS.findIndex((one) => one.tab === tab) + step + TABS.length) % TABS.length;
    props.choose(TABS[at]!.tab);
    list.current?.querySelectorAll('button')[at]?.focus();
  };
  return (
    <section>
      <div className="rule-tabs" role="tablist" aria-label="Tasks" ref={list} onKeyDown={move}>
        {TABS.map((one) => (
          <button
            key={one.tab}
            type="button"
            role="tab"
            aria-selected={one.tab === tab}
            tabIndex={one.tab === tab ? 0 : -1}
            onClick={() => props.choose(one.tab)}
          >
            {one.title}{' '}
            <span className="muted">
              {preview[one.tab].length < LISTED_MAX ? count(preview[one.tab].length) : `first ${LISTED_MAX}`}
            </span>
          </button>
        ))}
      </div>
      <div role="tabpanel" aria-label={tab}>
        {preview[tab].length === 0 && <p className="muted">{empty}</p>}
        <ul className="rule-tasks">
          {preview[tab].map((task) => (
            <TaskLine key={task.task} task={task} />
          ))}
        </ul>
      </div>
    </section>
  );
}

export function TaskLine({ task }: { task: RuleTask }): ReactNode {
  return (
    <li>
      {task.media !== null && <Shown task={task.task} media={task.media} />}
      {task.text !== '' && (
        <p dir="auto" className="rule-text">
          <Marked text={task.text} matches={task.matches} />
        </p>
      )}
      <p className="muted">
        {task.votes.map(({ rule, label }) => (
          <span key={`${rule} ${label}`} className="chip">
            {rule} → {label}
          </span>
        ))}
        {task.annotated.length > 0 && <span>people say {task.annotated.join(', ')}</span>}
        {task.facts.map(({ path, value }) => (
          <span key={path} className="rule-fact">
            {path} {value === null ? 'not known' : JSON.stringify(value)}
          </span>
        ))}
      </p>
    </li>
  );
}

const MediaBlock = lazy(() => import('../parts/media.tsx'));

/** A picture as it is; of a sound only the number, because fifty players would load fifty files. */
function Shown({ task, media }: { task: number; media: NonNullable<RuleTask['media']> }): ReactNode {
  if (media.kind !== 'image') return <p className="muted">Item {task}</p>;
  return (
    <div className="rule-picture">
      <Suspense fallback={null}>
        <MediaBlock kind="image" taskId={task} field={media.field} count={1} quiet />
      </Suspense>
    </div>
  );
}

/** Characters before the first match that are shown, and in all. */
const LEAD = 60;
const SHOWN = 320;

/** A stretch of the text around its first match, with every match in it marked. Overlaps are marked once. */
function Marked({ text, matches }: Pick<RuleTask, 'text' | 'matches'>): ReactNode {
  const places = [...matches].sort((a, b) => a.start - b.start);
  const from = Math.max(0, (places[0]?.start ?? 0) - LEAD);
  const to = from + SHOWN;
  const parts: ReactNode[] = [];
  let at = from;
  for (const { rule, start, end } of places) {
    if (start < at || end > to) continue;
    parts.push(
      text.slice(at, start),
      <mark key={start} title={rule}>
        {text.slice(start, end)}
      </mark>,
    );
    at = end;
  }
  return (
    <>
      {from > 0 && '…'}
      {parts}
      {text.slice(at, to)}
      {to < text.length && '…'}
    </>
  );
}
