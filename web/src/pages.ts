/**
 * The pages of a project beside Label, in the order of their tabs. A new page is a file in `pages/` and a line here: lazy,
 * because annotators never open one.
 */
import { type ComponentType, type LazyExoticComponent, lazy } from 'react';

type ProjectPage = ComponentType<{ projectId: number }>;

interface OwnerPage {
  /** Last part of the address, `/projects/ID/PATH`. */
  readonly path: string;
  readonly title: string;
  readonly component: LazyExoticComponent<ProjectPage>;
}

export const OWNER_PAGES: readonly OwnerPage[] = [
  { path: 'queue', title: 'Queue', component: lazy(() => import('./pages/queue.tsx')) },
  { path: 'bulk', title: 'Bulk', component: lazy(() => import('./pages/bulk.tsx')) },
  { path: 'quality', title: 'Insights', component: lazy(() => import('./pages/quality.tsx')) },
  { path: 'rules', title: 'Rules', component: lazy(() => import('./pages/rules.tsx')) },
  { path: 'models', title: 'Models', component: lazy(() => import('./pages/models.tsx')) },
  { path: 'runs', title: 'Runs', component: lazy(() => import('./pages/runs.tsx')) },
  { path: 'data', title: 'Data', component: lazy(() => import('./pages/data.tsx')) },
  { path: 'people', title: 'People', component: lazy(() => import('./pages/people.tsx')) },
  { path: 'studio', title: 'Label Studio', component: lazy(() => import('./pages/studio.tsx')) },
  { path: 'settings', title: 'Settings', component: lazy(() => import('./pages/settings.tsx')) },
];
