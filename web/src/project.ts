/** The project that a page is about, and what its label config shows of a task. */
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api } from './api.ts';
import { type Layout, layoutOf, textOf } from './layout.ts';
import type { Project, Task } from './wire.ts';

export function useProject(projectId: number): UseQueryResult<Project> {
  return useQuery({ queryKey: ['project', projectId], queryFn: () => api.project(projectId) });
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
