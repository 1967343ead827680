/** The frame around every page: who you are, which project, where you can go. */
import { useQuery } from '@tanstack/react-query';
import './frame.css';
import { type FormEvent, lazy, type ReactNode, Suspense, useEffect, useRef, useState } from 'react';
import { Link, Redirect, Route, Switch, useLocation } from 'wouter';
import { api } from './api.ts';
import { ApiProblem, sentenceOf } from './http.ts';
import { currentToken, forgetToken, rememberToken } from './identity.ts';
import { LabelPage } from './label/page.tsx';
import { OWNER_PAGES } from './pages.ts';
import { useProject } from './project.ts';
import type { Me } from './wire.ts';

// Annotators never open these, so they are not in the first load.
const HomePage = lazy(() => import('./pages/home.tsx'));
const JoinPage = lazy(() => import('./pages/join.tsx'));

export function App(): ReactNode {
  return (
    <Suspense fallback={<p className="page muted">Opening…</p>}>
      <Switch>
        <Route path="/join" component={JoinPage} />
        <Route>
          <Inside />
        </Route>
      </Switch>
    </Suspense>
  );
}

function Inside(): ReactNode {
  const me = useQuery({ queryKey: ['me'], queryFn: api.me, staleTime: 60_000 });
  if (me.isPending) return <p className="page muted">Opening…</p>;
  if (me.isError) return <Closed error={me.error} />;
  return (
    <Switch>
      <Route path="/">
        <Frame me={me.data} projectId={null}>
          <HomePage me={me.data} />
        </Frame>
      </Route>
      <Route path="/projects/:id">{({ id }) => <Redirect to={`/projects/${id}/label`} replace />}</Route>
      <Route path="/projects/:id/:page">
        {({ id, page }) => (
          <Frame me={me.data} projectId={Number(id)}>
            <ProjectPage key={id} projectId={Number(id)} page={page} me={me.data} />
          </Frame>
        )}
      </Route>
      <Route>
        <Frame me={me.data} projectId={null}>
          <p className="page">
            There is no page at this address. <Link href="/">Go to the projects</Link>.
          </p>
        </Frame>
      </Route>
    </Switch>
  );
}

/** Annotators have one page; owners get the one in the address, and a redirect when there is none of that name. */
function ProjectPage({ projectId, page, me }: { projectId: number; page: string; me: Me }): ReactNode {
  if (page === 'label' || me.role !== 'owner') return <LabelPage projectId={projectId} me={me} />;
  const Page = OWNER_PAGES.find(({ path }) => path === page)?.component;
  return Page === undefined ? <Redirect to={`/projects/${projectId}/label`} replace /> : <Page projectId={projectId} />;
}

function Frame(props: { me: Me; projectId: number | null; children: ReactNode }): ReactNode {
  const { me, projectId } = props;
  return (
    <div className="frame">
      <header className="top">
        <Link href="/" className="brand">
          Headstart
        </Link>
        {projectId !== null && <ProjectTitle projectId={projectId} />}
        {projectId !== null && me.role === 'owner' && <Tabs projectId={projectId} />}
        <span className="top-me" title={me.role === 'owner' ? 'Owner of this server' : 'Annotator'} dir="auto">
          {me.first_name || me.username}
        </span>
        {currentToken() !== null && (
          <button type="button" className="small" title="Forget the token of this browser" onClick={leave}>
            Leave
          </button>
        )}
      </header>
      {props.children}
    </div>
  );
}

/** One row, whatever the screen: where it is too narrow the row scrolls, and starts with the open page in view. */
function Tabs({ projectId }: { projectId: number }): ReactNode {
  const [location] = useLocation();
  const open = useRef<HTMLAnchorElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the open tab changes with the address
  useEffect(() => open.current?.scrollIntoView({ block: 'nearest', inline: 'center' }), [location]);
  return (
    <nav aria-label="Project">
      {[{ path: 'label', title: 'Label' }, ...OWNER_PAGES].map(({ path, title }) => {
        const href = `/projects/${projectId}/${path}`;
        const here = location === href;
        return (
          <Link key={path} href={href} ref={here ? open : null} aria-current={here ? 'page' : undefined}>
            {title}
          </Link>
        );
      })}
    </nav>
  );
}

function ProjectTitle({ projectId }: { projectId: number }): ReactNode {
  const title = useProject(projectId).data?.title;
  useEffect(() => {
    if (title !== undefined) document.title = `${title} · Headstart`;
    return () => {
      document.title = 'Headstart';
    };
  }, [title]);
  return (
    <span className="top-title" dir="auto">
      {title}
    </span>
  );
}

/** Starts anew as whoever this browser is without a token: on the server's own machine, the owner. */
function leave(): void {
  forgetToken();
  window.location.assign('/');
}

function Closed({ error }: { error: unknown }): ReactNode {
  const unknownToken = error instanceof ApiProblem && error.status === 401;
  return (
    <main className="page narrow">
      <h1>{unknownToken ? 'This browser has no access' : 'Headstart does not answer'}</h1>
      <p>
        {unknownToken
          ? 'Open the invite link that you were given. If it worked before, it was revoked: ask for a new one.'
          : sentenceOf(error)}
      </p>
      {unknownToken && <TokenField />}
      <div className="actions">
        <button type="button" onClick={() => window.location.reload()}>
          Try again
        </button>
        {currentToken() !== null && (
          <button type="button" onClick={leave}>
            Forget the old token
          </button>
        )}
      </div>
    </main>
  );
}

/** For owners of servers that ask for tokens: `headstart` prints one. */
function TokenField(): ReactNode {
  const [secret, setSecret] = useState('');
  const enter = (event: FormEvent): void => {
    event.preventDefault();
    rememberToken(secret.trim(), '');
    window.location.reload();
  };
  return (
    <form onSubmit={enter}>
      <label className="field">
        Or paste a token
        <input type="password" autoComplete="off" value={secret} onChange={(event) => setSecret(event.target.value)} />
      </label>
      <div className="actions">
        <button type="submit" className="primary" disabled={secret.trim() === ''}>
          Open
        </button>
      </div>
    </form>
  );
}
