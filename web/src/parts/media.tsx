/** The picture or sound of an item. Loaded when a project shows one. */
import './media.css';
import { type ReactNode, type RefObject, useEffect, useRef, useState } from 'react';
import { authorization } from '../http.ts';
import { currentToken } from '../identity.ts';

interface MediaProps {
  readonly kind: 'image' | 'audio';
  readonly taskId: number;
  /** Data field of the task, as the label config names it. */
  readonly field: string;
  /** How many the field holds: a list shows them one below the other. */
  readonly count: number;
  /** One of many, beside what people are asked about: a file that cannot be shown leaves its number, and no alarm. */
  readonly quiet?: boolean;
}

export default function MediaBlock({ kind, taskId, field, count, quiet = false }: MediaProps): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  // A sound is played by key, wherever it stands.
  const due = useSeen(place) || kind === 'audio';
  const indexes = Array.from({ length: count }, (_, index) => index);
  const path = `/api/tasks/${taskId}/media?field=${encodeURIComponent(field)}`;
  return (
    <div className="media" ref={place}>
      {count === 0 && <p className="muted">Item {taskId} has nothing to show here.</p>}
      {indexes.map((index) => (
        <One key={index} {...{ kind, taskId, due, quiet }} path={`${path}&index=${index}`} first={index === 0} />
      ))}
    </div>
  );
}

type OneProps = Pick<MediaProps, 'kind' | 'taskId'> & { path: string; first: boolean; due: boolean; quiet: boolean };

function One({ kind, taskId, path, first, due, quiet }: OneProps): ReactNode {
  const { source, problem, fail } = useSource(path, due);
  const name = `item ${taskId}`;
  if (problem && quiet) return <p className="muted">Item {taskId}</p>;
  if (problem)
    return <p role="alert">The file of {name} cannot be shown. Skip it, or flag it for the project owner.</p>;
  if (source === null) return <p className="muted">Fetching the file…</p>;
  if (kind === 'image') return <img src={source} alt={`What ${name} shows`} loading="lazy" onError={fail} />;
  return <Player source={source} name={name} first={first} onError={fail} />;
}

/** How far below the screen things are fetched already. */
const AHEAD = '200px';

/** True from when the element has come near the screen. */
function useSeen(place: RefObject<Element | null>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) setSeen(true);
      },
      { rootMargin: AHEAD },
    );
    observer.observe(place.current!);
    return () => observer.disconnect();
  }, [place]);
  return seen;
}

/** A browser sends no token with a picture by itself: where there is one, the file is fetched with it when it is due. */
function useSource(path: string, due: boolean): { source: string | null; problem: boolean; fail: () => void } {
  const token = currentToken();
  const [fetched, setFetched] = useState<string | null>(null);
  const [problem, setProblem] = useState(false);
  useEffect(() => {
    setProblem(false);
    setFetched(null);
    if (token === null || !due) return;
    const abort = new AbortController();
    let url: string | null = null;
    fetch(path, { headers: authorization(), signal: abort.signal })
      .then(async (response) => {
        if (!response.ok) throw new Error(String(response.status));
        url = URL.createObjectURL(await response.blob());
        if (abort.signal.aborted) URL.revokeObjectURL(url);
        else setFetched(url);
      })
      .catch(() => setProblem(!abort.signal.aborted));
    return () => {
      abort.abort();
      if (url !== null) URL.revokeObjectURL(url);
    };
  }, [path, token, due]);
  return { source: token === null ? path : fetched, problem, fail: () => setProblem(true) };
}

/** Played and paused by `p`, from the start once it has ended. */
function Player(props: { source: string; name: string; first: boolean; onError: () => void }): ReactNode {
  const { source, name, first, onError } = props;
  const player = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    if (!first) return;
    const onKey = (event: KeyboardEvent): void => {
      const typing = (event.target as HTMLElement).closest('input, textarea, select, dialog') !== null;
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat && !event.defaultPrevented;
      if (event.key !== 'p' || typing || !plain || player.current === null) return;
      if (player.current.paused) void player.current.play().catch(onError);
      else player.current.pause();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [first, onError]);
  return (
    <p>
      {/* biome-ignore lint/a11y/useMediaCaption: what is said in it is what people are asked to find out */}
      <audio ref={player} src={source} controls preload="auto" aria-label={`Sound of ${name}`} onError={onError} />
      {first && (
        <span className="muted">
          <kbd>p</kbd> play or pause
        </span>
      )}
    </p>
  );
}
