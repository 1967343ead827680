/** A project's own facts: title, instructions, how items are handed out, its labels, its end. */
import type { ReactNode } from 'react';
import { Basics } from '../data/basics.tsx';
import { End } from '../data/end.tsx';
import { Labels } from '../data/labels.tsx';
import { sentenceOf } from '../http.ts';
import { useProject } from '../project.ts';

export default function SettingsPage({ projectId }: { projectId: number }): ReactNode {
  const project = useProject(projectId);
  return (
    <main className="page">
      <h1>Settings</h1>
      {project.isError && <p role="alert">{sentenceOf(project.error)}</p>}
      {project.data && (
        <>
          <Basics project={project.data} />
          <Labels key={project.data.label_config} project={project.data} />
          <End project={project.data} />
        </>
      )}
    </main>
  );
}
