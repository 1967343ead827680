/** Files out and in: the labels to take away, more items to label. */
import type { ReactNode } from 'react';
import { AddItems } from '../data/add.tsx';
import { GetLabels } from '../data/get.tsx';
import { count, plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { useProject } from '../project.ts';

export default function DataPage({ projectId }: { projectId: number }): ReactNode {
  const project = useProject(projectId);
  return (
    <main className="page">
      <h1>Data</h1>
      {project.isError && <p role="alert">{sentenceOf(project.error)}</p>}
      {project.data && (
        <p className="lead">
          {plural(project.data.task_number, 'item')}, {count(project.data.num_tasks_with_annotations)} labeled,{' '}
          {count(project.data.skipped_annotations_number)} skipped.
        </p>
      )}
      <GetLabels projectId={projectId} />
      <AddItems projectId={projectId} />
    </main>
  );
}
