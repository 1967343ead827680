/** After a retrain: what the new version changed its mind about, and one key to go back. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { api } from '../api.ts';
import { plural, snippet } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { type Layout, textOf } from '../layout.ts';
import type { Comparison, ModelVersion } from '../wire.ts';

const SHOWN = 10;

interface News {
  readonly now: ModelVersion;
  readonly before: ModelVersion | null;
  readonly comparison: Comparison | null;
}

export interface Notice {
  readonly news: News | null;
  readonly rolledBack: boolean;
  readonly problem: string;
  readonly open: boolean;
  toggle(): void;
  rollback(): void;
  dismiss(): void;
}

/** Watches the serving version. Versions and rollback are the owner's; others only learn that the model is new. */
export function useRetrainNotice(projectId: number, owner: boolean): Notice {
  const queries = useQueryClient();
  const state = useQuery({
    queryKey: ['queue-state', projectId],
    queryFn: () => api.queueState(projectId),
    refetchInterval: 5_000,
  });
  const seen = useRef<number | null | undefined>(undefined);
  const [news, setNews] = useState<News | null>(null);
  const [open, setOpen] = useState(false);
  const [rolledBack, setRolledBack] = useState(false);
  const [problem, setProblem] = useState('');
  const number = state.data?.model_number;

  useEffect(() => {
    if (number === undefined) return;
    const last = seen.current;
    seen.current = number;
    if (!owner || last === undefined || last === null || number === null || number <= last) return;
    void newsOf(projectId, last, number)
      .then((found) => {
        setNews(found);
        setOpen(false);
        setRolledBack(false);
        setProblem('');
      })
      .catch(() => undefined); // News that cannot be read are no reason to interrupt.
  }, [number, owner, projectId]);

  return {
    news,
    open,
    rolledBack,
    problem,
    toggle: () => setOpen(news !== null && !open),
    dismiss: () => setNews(null),
    rollback() {
      if (news?.before == null || rolledBack) return;
      seen.current = news.before.number;
      api.activate(projectId, news.before.id).then(
        () => {
          setRolledBack(true);
          setOpen(false);
          void queries.invalidateQueries();
        },
        (error: unknown) => setProblem(sentenceOf(error)),
      );
    },
  };
}

async function newsOf(projectId: number, from: number, to: number): Promise<News | null> {
  const versions = await api.models(projectId);
  const now = versions.find((version) => version.number === to);
  const before = versions.find((version) => version.number === from) ?? null;
  if (now === undefined) return null;
  return { now, before, comparison: before === null ? null : await api.compare(projectId, before.id, now.id) };
}

export function RetrainNotice({ notice, layout }: { notice: Notice; layout: Layout }): ReactNode {
  const { news, open, rolledBack } = notice;
  return (
    <div className="notice-place" aria-live="polite">
      {news !== null && (
        <section className="notice" aria-label="New model version">
          <div className="notice-line">
            <p>
              {rolledBack
                ? `Back on version ${news.before?.number}. It serves until you choose another on the Runs page.`
                : `Version ${news.now.number} is serving: ${plural(news.comparison?.flipped.length ?? 0, 'item')} flipped.`}
            </p>
            {notice.problem !== '' && <p role="alert">{notice.problem}</p>}
            <div className="actions">
              {!rolledBack && (news.comparison?.flipped.length ?? 0) > 0 && (
                <button type="button" className="small" aria-expanded={open} onClick={notice.toggle}>
                  {open ? 'Hide' : 'See ten'} <kbd>v</kbd>
                </button>
              )}
              {!rolledBack && news.before !== null && (
                <button type="button" className="small" onClick={notice.rollback}>
                  Back to version {news.before.number} <kbd>shift r</kbd>
                </button>
              )}
              <button type="button" className="small" onClick={notice.dismiss}>
                Close
              </button>
            </div>
          </div>
          {open && news.comparison !== null && (
            <ul className="flips">
              {news.comparison.flipped.slice(0, SHOWN).map((flip) => (
                <Flipped key={flip.task} flip={flip} layout={layout} />
              ))}
            </ul>
          )}
        </section>
      )}
    </div>
  );
}

function Flipped({ flip, layout }: { flip: Comparison['flipped'][number]; layout: Layout }): ReactNode {
  const { task, from, to } = flip;
  const item = useQuery({ queryKey: ['task', task], queryFn: () => api.task(task), staleTime: 600_000 });
  return (
    <li>
      <span className="flip-text" dir="auto">
        {item.data === undefined ? `Item ${task}` : snippet(textOf(layout, item.data.data), 110)}
      </span>
      <span className="flip-change">
        <span dir="auto">{from}</span> → <b dir="auto">{to}</b>
      </span>
    </li>
  );
}
