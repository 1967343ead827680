/** The label page: read, press one key, read the next. */
import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { api } from '../api.ts';
import { percent } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { type Action, actionOf, indexOf, SCROLLS } from '../keys.ts';
import type { ChoicesControl, Layout } from '../layout.ts';
import { useLayout, useProject } from '../project.ts';
import { choicesFor, choicesResult } from '../result.ts';
import type { Me, NextItem, Project, Via } from '../wire.ts';
import { Footer } from './footer.tsx';
import { Help } from './help.tsx';
import { ItemCard } from './item.tsx';
import { LabelButtons } from './labels.tsx';
import { RetrainNotice, useRetrainNotice } from './notice.tsx';
import { orderFor, rememberUse } from './order.ts';
import { type LabelSession, type Reopened, type Snapshot, sessionOf } from './session.ts';
import { SidePanel } from './side.tsx';

export function LabelPage({ projectId, me }: { projectId: number; me: Me }): ReactNode {
  const project = useProject(projectId);
  const layout = useLayout(projectId);
  if (project.isError)
    return (
      <p role="alert" className="page">
        {sentenceOf(project.error)}
      </p>
    );
  if (project.data === undefined || layout === null) return <p className="page muted">Opening the project…</p>;
  if (layout.problem !== null)
    return (
      <p role="alert" className="page">
        {layout.problem}
      </p>
    );
  return <Workplace key={projectId} project={project.data} layout={layout} control={layout.control!} me={me} />;
}

interface WorkplaceProps {
  readonly project: Project;
  readonly layout: Layout;
  readonly control: ChoicesControl;
  readonly me: Me;
}

function Workplace({ project, layout, control, me }: WorkplaceProps): ReactNode {
  const session = sessionOf(project.id);
  const at = useSyncExternalStore(session.subscribe, session.snapshot);
  const view = useAnswering(session, at, control);
  const notice = useRetrainNotice(project.id, me.role === 'owner');
  const [help, setHelp] = useState(false);
  usePrefetchedHints(at.upcoming);

  const act = (action: Action): void => {
    const acts: Record<Exclude<Action, { digit: number }>, () => void> = {
      accept: () => view.accept('key'),
      reject: () => view.reject('key'),
      skip: () => view.skip('key'),
      undo: view.undo,
      flag: () => view.setNoting(true),
      search: () => view.setSearching(true),
      whole: () => view.setWhole((shown) => !shown),
      flips: notice.toggle,
      rollback: notice.rollback,
      help: () => setHelp(true),
      leave: () => (notice.open ? notice.toggle() : view.leave()),
    };
    if (typeof action === 'object') view.choose(view.order[indexOf(action.digit)], 'key');
    else acts[action]();
  };
  useHotkeys(control, act, (choice) => view.choose(choice, 'key'));

  return (
    <div className="work">
      <main className="work-main">
        {project.expert_instruction !== '' && (
          <details className="instruction">
            <summary>Instructions</summary>
            <p dir="auto">{project.expert_instruction}</p>
          </details>
        )}
        {view.shown === null ? (
          <Waiting state={at.state} problem={at.problem} />
        ) : (
          <>
            <ItemCard layout={layout} shown={view.shown} view={view} />
            <Suggestion view={view} />
            <LabelButtons view={view} />
          </>
        )}
        <p className="visually-hidden" aria-live="polite">
          {view.said}
        </p>
      </main>
      <SidePanel
        session={session}
        at={at}
        item={at.reopened === null ? at.current : null}
        control={control}
        layout={layout}
      />
      <RetrainNotice notice={notice} layout={layout} />
      <Footer project={project} session={session} at={at} onHelp={() => setHelp(true)} />
      {help && <Help control={control} onClose={() => setHelp(false)} />}
    </div>
  );
}

/** What is on the card: the next item, or an earlier one opened again. */
export interface Shown {
  readonly taskId: number;
  readonly data: NextItem['data'];
  readonly reopened: Reopened | null;
}

export interface Answering {
  readonly control: ChoicesControl;
  readonly shown: Shown | null;
  /** The suggested labels; empty on blind items. */
  readonly suggested: readonly string[];
  readonly score: number | null;
  readonly probabilities: Readonly<Record<string, number>>;
  /** Labels in the order of their digits. */
  readonly order: readonly string[];
  /** Ticked so far, where several may be chosen; what an opened answer held. */
  readonly ticked: readonly string[];
  readonly note: string;
  readonly noting: boolean;
  readonly searching: boolean;
  /** The suggestion was called wrong: the search leaves it out. */
  readonly rejected: boolean;
  readonly whole: boolean;
  /** Read out to those who cannot see the page move on. */
  readonly said: string;
  choose(label: string | undefined, via: Via): void;
  accept(via: Via): void;
  reject(via: Via): void;
  skip(via: Via): void;
  undo(): void;
  leave(): void;
  setNote(note: string): void;
  setNoting(noting: boolean): void;
  setSearching(searching: boolean): void;
  setWhole(change: (shown: boolean) => boolean): void;
}

/** Everything that belongs to one item on the card, and the acts that answer it. */
function useAnswering(session: LabelSession, at: Snapshot, control: ChoicesControl): Answering {
  const shown = useMemo(() => shownOf(at), [at]);
  const key = shown === null ? '' : `${shown.taskId}${shown.reopened === null ? '' : 'r'}`;
  const fresh = {
    key,
    ticked: null as readonly string[] | null,
    note: '',
    noting: false,
    searching: false,
    rejected: false,
    whole: false,
  };
  const [held, setHeld] = useState(fresh);
  const [said, setSaid] = useState('');
  // A new item starts clean in the same render, so nothing of the last one flashes by.
  const own = held.key === key ? held : { ...fresh, note: shown?.reopened?.note ?? '' };
  const change = (part: Partial<typeof fresh>): void => setHeld({ ...own, ...part });

  const prediction = shown?.reopened === null ? at.current?.predictions[0] : undefined;
  const suggested = useMemo(() => choicesFor(prediction?.result ?? [], control.name), [prediction, control.name]);
  const probabilities = (shown?.reopened === null ? at.current?.reason?.probabilities : null) ?? {};
  const order = useMemo(
    () =>
      orderFor(
        session.projectId,
        control.choices.map((choice) => choice.id),
        probabilities,
        suggested,
      ),
    [session.projectId, control.choices, probabilities, suggested],
  );
  const before = shown?.reopened ? choicesFor(shown.reopened.result, control.name) : suggested;
  const ticked = own.ticked ?? (control.multiple || shown?.reopened ? before : []);

  const give = (labels: readonly string[], skipped: boolean, via: Via): void => {
    if (shown === null) return;
    for (const label of labels) rememberUse(session.projectId, label);
    setSaid(skipped ? 'Skipped.' : `${labels.join(', ')}.`);
    session.answer({ result: choicesResult(control.name, control.toName, labels), skipped, note: own.note, via });
  };
  return {
    control,
    shown,
    suggested,
    probabilities,
    order,
    ticked,
    said,
    score: prediction?.score ?? null,
    note: own.note,
    noting: own.noting,
    searching: own.searching,
    rejected: own.rejected,
    whole: own.whole,
    choose(label, via) {
      if (label === undefined || shown === null) return;
      if (!control.multiple) return give([label], false, via);
      change({
        ticked: ticked.includes(label) ? ticked.filter((one) => one !== label) : [...ticked, label],
        searching: false,
      });
    },
    accept(via) {
      if (ticked.length > 0) give(ticked, false, via);
      else if (suggested.length > 0) give(suggested, false, via);
      else setSaid('There is no suggestion to accept here: choose a label.');
    },
    reject(via) {
      const others = control.choices.map((choice) => choice.id).filter((id) => !suggested.includes(id));
      if (suggested.length === 0) setSaid('There is no suggestion to reject here: choose a label.');
      else if (!control.multiple && others.length === 1) give(others, false, via);
      else {
        change({ searching: true, rejected: true, ticked: control.multiple ? [] : own.ticked });
        setSaid('Choose the right label.');
      }
    },
    skip: (via) => give([], true, via),
    undo() {
      session.undo().then(
        (done) => setSaid(done ? 'The last answer was taken back.' : 'There is nothing to take back.'),
        (error: unknown) => setSaid(sentenceOf(error)),
      );
    },
    leave() {
      if (own.searching || own.noting) change({ searching: false, noting: false });
      else if (shown?.reopened) session.reopen(null);
    },
    setNote: (note) => change({ note }),
    setNoting: (noting) => change({ noting }),
    setSearching: (searching) => change({ searching, rejected: false }),
    setWhole: (next) => change({ whole: next(own.whole) }),
  };
}

function shownOf({ reopened, current }: Snapshot): Shown | null {
  if (reopened !== null) return { taskId: reopened.task.id, data: reopened.task.data, reopened };
  return current === null ? null : { taskId: current.id, data: current.data, reopened: null };
}

/** Hotkeys of the page; those of the config win, except over the keys that answer or take back. */
function useHotkeys(control: ChoicesControl, act: (action: Action) => void, choose: (choice: string) => void): void {
  const latest = useRef({ act, choose });
  latest.current = { act, choose };
  useEffect(() => {
    const own = new Map(control.choices.filter((one) => one.hotkey !== '').map((one) => [one.hotkey, one.id]));
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (target.closest('input, textarea, select, dialog') !== null) return;
      // A focused button or link keeps its own Enter and space.
      if ((event.key === 'Enter' || event.key === ' ') && target.closest('button, a, summary') !== null) return;
      if (scrolls(event)) {
        event.preventDefault();
        return;
      }
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
      const chosen = plain ? own.get(event.key) : undefined;
      const action = actionOf(event);
      const fixed = typeof action === 'string' && ['Enter', ' ', 'Backspace', 'Escape', '/', '?'].includes(event.key);
      if (chosen !== undefined && !fixed) latest.current.choose(chosen);
      else if (action !== null) latest.current.act(action);
      else return;
      event.preventDefault();
    };
    // After a click the button must not keep the focus: the next space would press it again.
    const onClick = (event: MouseEvent): void => {
      const button = (event.target as HTMLElement).closest('button');
      if (event.detail > 0 && button !== null && button.closest('dialog, form') === null) button.blur();
    };
    document.addEventListener('keydown', onKey);
    document.addEventListener('click', onClick);
    return () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('click', onClick);
    };
  }, [control]);
}

/** Moves the text under its window; false when the key or the text is not for scrolling. */
function scrolls(event: KeyboardEvent): boolean {
  const share = SCROLLS[event.key];
  const text = document.querySelector('.text-body');
  if (share === undefined || text === null || text.scrollHeight <= text.clientHeight) return false;
  text.scrollBy({ top: share * text.clientHeight });
  return true;
}

/** The side panel of the next item is asked for while this one is read. */
function usePrefetchedHints(upcoming: readonly NextItem[]): void {
  const queries = useQueryClient();
  const next = upcoming[0];
  const prefetch = useCallback(
    (item: NextItem) => {
      const { id } = item;
      void queries.prefetchQuery({ queryKey: ['similar', id], queryFn: () => api.similar(id), staleTime: 30_000 });
      void queries.prefetchQuery({ queryKey: ['votes', id], queryFn: () => api.votes(id), staleTime: 30_000 });
    },
    [queries],
  );
  useEffect(() => {
    if (next !== undefined && !next.blind) prefetch(next);
  }, [next, prefetch]);
}

/** The strip between text and labels; it keeps its place on items without a suggestion. */
function Suggestion({ view }: { view: Answering }): ReactNode {
  const { shown, suggested, score } = view;
  if (shown?.reopened) {
    return (
      <div className="suggestion">
        <span>Your earlier answer. Choose again, or press</span>
        <button type="button" onClick={view.leave}>
          Leave it <kbd>esc</kbd>
        </button>
      </div>
    );
  }
  const none = suggested.length === 0;
  const titles = suggested.map((id) => view.control.choices.find((choice) => choice.id === id)?.title ?? id);
  return (
    <div className={`suggestion ${none ? 'none' : ''}`}>
      {none ? (
        <span className="muted">No suggestion for this one: choose a label.</span>
      ) : (
        <span className="suggestion-what">
          <span className="muted">Suggested</span> <b dir="auto">{titles.join(', ')}</b>
          {score !== null && <span className="percent">{percent(score)}</span>}
        </span>
      )}
      <span className="suggestion-acts">
        {(!none || view.ticked.length > 0) && (
          <button type="button" className="primary" onClick={() => view.accept('click')}>
            {view.control.multiple ? 'Save' : 'Accept'} <kbd>enter</kbd>
          </button>
        )}
        {!none && (
          <button type="button" onClick={() => view.reject('click')}>
            Wrong <kbd>x</kbd>
          </button>
        )}
        <button type="button" onClick={() => view.skip('click')}>
          Skip <kbd>space</kbd>
        </button>
        <button type="button" onClick={view.undo}>
          Undo <kbd>⌫</kbd>
        </button>
      </span>
    </div>
  );
}

function Waiting({ state, problem }: Pick<Snapshot, 'state' | 'problem'>): ReactNode {
  return (
    <div className="waiting card" role="status">
      {state === 'filling' && <p className="muted">Fetching the next item…</p>}
      {state === 'empty' && (
        <>
          <h2>Nothing is left for you here</h2>
          <p className="muted">Every item is labeled, skipped or with somebody else. New ones appear by themselves.</p>
        </>
      )}
      {state === 'failed' && (
        <>
          <h2>Waiting for the server</h2>
          <p>{problem} This page keeps trying; your answers are safe here.</p>
        </>
      )}
    </div>
  );
}
