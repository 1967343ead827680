/** Before saving: what would change. Then the act itself, and taking it back. */
import { type ReactNode, useEffect, useRef } from 'react';
import { plural } from '../format.ts';
import type { Run } from '../wire.ts';
import type { Difference } from './api.ts';
import { TaskLine } from './matches.tsx';

export function ChangePanel(props: {
  /** Null before anything was saved: everything is new. */
  difference: Difference | null;
  busy: boolean;
  apply: () => void;
  leave: () => void;
}): ReactNode {
  const { difference } = props;
  const go = useRef<HTMLButtonElement>(null);
  useEffect(() => go.current?.focus(), []);
  return (
    <section
      className="card rule-change"
      aria-label="What would change"
      onKeyDown={(event) => event.key === 'Escape' && props.leave()}
    >
      {difference === null ? (
        <p>This is the first document of the project: all its rules are new.</p>
      ) : (
        <>
          <p>
            Of {plural(difference.tasks, 'task')}: <b>{difference.gained}</b> gained, <b>{difference.lost}</b> lost,{' '}
            <b>{difference.flipped}</b> flipped. {rulesOf(difference)}
          </p>
          <Examples title="Gained" tasks={difference.examples.gained} />
          <Examples title="Lost" tasks={difference.examples.lost} />
          <Examples title="Flipped" tasks={difference.examples.flipped} />
        </>
      )}
      <div className="actions">
        <button type="button" className="primary" ref={go} disabled={props.busy} onClick={props.apply}>
          Save and apply to all tasks
        </button>
        <button type="button" onClick={props.leave}>
          Not yet <kbd>esc</kbd>
        </button>
      </div>
    </section>
  );
}

function rulesOf({ changed, removed }: Difference): string {
  const parts = [
    changed.length > 0 ? `New or changed: ${changed.join(', ')}.` : '',
    removed.length > 0 ? `Gone: ${removed.join(', ')}.` : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function Examples({ title, tasks }: { title: string; tasks: Difference['examples']['gained'] }): ReactNode {
  if (tasks.length === 0) return null;
  return (
    <details>
      <summary>
        {title}: {plural(tasks.length, 'example')}
      </summary>
      <ul className="rule-tasks">
        {tasks.map((task) => (
          <TaskLine key={task.task} task={task} />
        ))}
      </ul>
    </details>
  );
}

/** The newest application, with its undo. */
export function LastRun(props: { run: Run; busy: boolean; toggle: () => void }): ReactNode {
  const { run } = props;
  return (
    <p className="rule-run">
      {run.summary}: {plural(run.written, 'label')}. {run.revoked_at !== null && <b>Undone.</b>}{' '}
      <button type="button" className="small" disabled={props.busy || run.state === 'running'} onClick={props.toggle}>
        {run.revoked_at === null ? 'Undo' : 'Redo'}
      </button>
    </p>
  );
}
