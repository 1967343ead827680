/** What a new version changed its mind about, and the way back: loaded when there is one. */
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../api.ts';
import { plural, snippet } from '../format.ts';
import { type Layout, textOf } from '../layout.ts';
import type { Comparison } from '../wire.ts';
import type { News, Notice } from './notice.ts';

const SHOWN = 10;

export interface NewsProps {
  readonly notice: Notice;
  readonly layout: Layout;
}

export async function newsOf(projectId: number, from: number, to: number): Promise<News | null> {
  const versions = await api.models(projectId);
  const now = versions.find((version) => version.number === to);
  const before = versions.find((version) => version.number === from) ?? null;
  if (now === undefined) return null;
  return { now, before, comparison: before === null ? null : await api.compare(projectId, before.id, now.id) };
}

export function NewsView({ notice, layout }: NewsProps): ReactNode {
  const { news, open, rolledBack } = notice;
  if (news === null) return null;
  return (
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
              {open ? 'Hide' : 'See which'} <kbd>v</kbd>
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
