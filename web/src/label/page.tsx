/** The label page: read, press one key, read the next. */
import './label.css';
import { useQueryClient } from '@tanstack/react-query';
import { type ComponentType, type ReactNode, useEffect, useState, useSyncExternalStore } from 'react';
import { Link, useLocation } from 'wouter';
import { api } from '../api.ts';
import { sentenceOf } from '../http.ts';
import { type Action, indexOf } from '../keys.ts';
import type { Layout } from '../layout.ts';
import { useLayout, useProject } from '../project.ts';
import type { Me, NextItem, Project } from '../wire.ts';
import type { Snapshot } from './answer.ts';
import { useAnswering } from './answering.ts';
import { Footer } from './footer.tsx';
import type { HelpProps } from './help.tsx';
import { useHotkeys } from './hotkeys.ts';
import { ItemCard } from './item.tsx';
import { LabelButtons } from './labels.tsx';
import { useRetrainNotice } from './notice.ts';
import { ruleLink } from './rule-link.ts';
import { sessionOf } from './session.ts';
import { HINTS_FRESH_MS, SidePanel } from './side.tsx';
import { Suggestion } from './suggestion.tsx';

/** A project without items is read again after this. */
const BARE_AGAIN_MS = 5_000;

export function LabelPage({ projectId, me }: { projectId: number; me: Me }): ReactNode {
  const project = useProject(projectId);
  const layout = useLayout(projectId);
  const owner = me.role === 'owner';
  // What is here goes on when it cannot be read anew.
  const problem = project.isLoadingError ? sentenceOf(project.error) : layout?.problem;
  if (problem != null) {
    return (
      <p role="alert" className="page">
        {problem}
        {owner && layout !== null && (
          <>
            {' '}
            <Link href={`/projects/${projectId}/studio`}>Connect Label Studio</Link>
          </>
        )}
      </p>
    );
  }
  if (project.data === undefined || layout === null) return <p className="page muted">Opening the project…</p>;
  return <Workplace key={projectId} project={project.data} layout={layout} me={me} />;
}

interface WorkplaceProps {
  readonly project: Project;
  readonly layout: Layout;
  readonly me: Me;
}

function Workplace({ project, layout, me }: WorkplaceProps): ReactNode {
  const owner = me.role === 'owner';
  const session = sessionOf(project.id);
  const at = useSyncExternalStore(session.subscribe, session.snapshot);
  const view = useAnswering(session, at, layout.controls);
  const notice = useRetrainNotice(project.id, owner);
  const [Help, setHelp] = useState<ComponentType<HelpProps> | null>(null);
  // Read once, if ever. Without a server nothing happens; a lazy component would take the page down with it.
  const showHelp = (): void => {
    import('./help.tsx').then(
      (help) => setHelp(() => help.Help),
      () => undefined,
    );
  };
  const [, go] = useLocation();
  const makeRule = (): void => {
    const link = owner ? ruleLink(project.id, view, at) : null;
    if (link !== null) go(link);
  };
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
      next: () => view.step(1),
      previous: () => view.step(-1),
      rule: makeRule,
      help: showHelp,
      leave: () => (notice.open ? notice.toggle() : view.leave()),
    };
    if (typeof action === 'object') view.choose(view.at.order[indexOf(action.digit)], 'key');
    else acts[action]();
  };
  useHotkeys(view.questions, act, (choice, control) => view.choose(choice, 'key', control));

  return (
    <div className="work">
      <main className="work-main">
        <h1 className="visually-hidden">Label</h1>
        {project.expert_instruction !== '' && (
          <details className="instruction">
            <summary>Instructions</summary>
            <p dir="auto">{project.expert_instruction}</p>
          </details>
        )}
        {view.shown === null ? (
          <Waiting {...at} project={project} owner={owner} />
        ) : (
          <>
            <ItemCard layout={layout} shown={view.shown} view={view} onRule={owner ? makeRule : null} />
            <Suggestion view={view} />
            <LabelButtons view={view} />
          </>
        )}
        <p className="visually-hidden" aria-live="polite">
          {view.said}
        </p>
      </main>
      <SidePanel session={session} at={at} item={at.reopened === null ? at.current : null} layout={layout} />
      <div className="notice-place" aria-live="polite">
        {notice.View && <notice.View notice={notice} layout={layout} />}
      </div>
      <Footer project={project} session={session} at={at} onHelp={showHelp} />
      {Help && <Help controls={layout.controls} owner={owner} onClose={() => setHelp(null)} />}
    </div>
  );
}

/** The side panel of the next item is asked for while this one is read. */
function usePrefetchedHints(upcoming: readonly NextItem[]): void {
  const queries = useQueryClient();
  const next = upcoming[0];
  useEffect(() => {
    if (next === undefined || next.blind) return;
    const { id } = next;
    void queries.prefetchQuery({
      queryKey: ['similar', id],
      queryFn: () => api.similar(id),
      staleTime: HINTS_FRESH_MS,
    });
    void queries.prefetchQuery({ queryKey: ['votes', id], queryFn: () => api.votes(id), staleTime: HINTS_FRESH_MS });
  }, [next, queries]);
}

type WaitingProps = Pick<Snapshot, 'state' | 'problem'> & Pick<WorkplaceProps, 'project'> & { readonly owner: boolean };

function Waiting({ state, problem, project, owner }: WaitingProps): ReactNode {
  const bare = project.task_number === 0;
  // What others add may be in their hands before it could come here.
  useProject(project.id, bare && BARE_AGAIN_MS);
  return (
    <div className="waiting card" role="status">
      {state === 'filling' && <p className="muted">Fetching the next item…</p>}
      {state === 'empty' && (
        <>
          <h2>{bare ? 'This project has no items yet' : 'Nothing is left for you here'}</h2>
          <p className="muted">
            {!bare && 'Every item is labeled, skipped or with somebody else. '}New ones appear by themselves.
            {bare && owner && (
              <>
                {' '}
                <Link href={`/projects/${project.id}/data`}>Add some</Link>.
              </>
            )}
          </p>
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
