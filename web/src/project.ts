/** The project that a page is about, and what its label config shows of a task. */
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from './api.ts';
import { type Layout, layoutOf, textOf } from './layout.ts';
import type { Project, Task } from './wire.ts';

/** Read again every `refetchInterval` milliseconds, if given. */
export function useProject(projectId: number, refetchInterval: number | false = false): UseQueryResult<Project> {
  return useQuery({ queryKey: ['project', projectId], queryFn: () => api.project(projectId), refetchInterval });
}

/** Null until the project is here. */
export function useLayout(projectId: number): Layout | null {
  const config = useProject(projectId).data?.label_config;
  return useMemo(() => (config === undefined ? null : layoutOf(config)), [config]);
}

/** Reads the labeled text out of a task. */
export function useTaskText(projectId: number): (data: Task['data']) => string {
  const layout = useLayout(projectId);
  return useMemo(() => (data) => (layout === null ? '' : textOf(layout, data)), [layout]);
}
