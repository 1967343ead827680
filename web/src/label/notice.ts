/** Watches for a retrain: what the new version changed its mind about, and one key to go back. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ComponentType, useEffect, useRef, useState } from 'react';
import { api } from '../api.ts';
import { sentenceOf } from '../http.ts';
import type { Comparison, ModelVersion } from '../wire.ts';
import type { NewsProps } from './news.tsx';

export interface News {
  readonly now: ModelVersion;
  readonly before: ModelVersion | null;
  readonly comparison: Comparison | null;
}

export interface Notice {
  readonly news: News | null;
  /** Shows them; null before there were any. */
  readonly View: ComponentType<NewsProps> | null;
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
  const [View, setView] = useState<ComponentType<NewsProps> | null>(null);
  const [open, setOpen] = useState(false);
  const [rolledBack, setRolledBack] = useState(false);
  const [problem, setProblem] = useState('');
  const number = state.data?.model_number;

  useEffect(() => {
    if (number === undefined) return;
    const last = seen.current;
    seen.current = number;
    if (!owner || last === undefined || last === null || number === null || number <= last) return;
    void import('./news.tsx')
      .then(async ({ newsOf, NewsView }) => {
        setNews(await newsOf(projectId, last, number));
        setView(() => NewsView);
        setOpen(false);
        setRolledBack(false);
        setProblem('');
      })
      .catch(() => undefined); // News that cannot be read are no reason to interrupt.
  }, [number, owner, projectId]);

  return {
    news,
    View,
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
