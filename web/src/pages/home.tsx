/** Projects with their progress, and the way to a new one. */
import './home.css';
import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { api } from '../api.ts';
import { count, plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { Progress } from '../parts/progress.tsx';
import type { Me, Project } from '../wire.ts';

const NewProject = lazy(() => import('./new-project.tsx'));

export default function HomePage({ me }: { me: Me }): ReactNode {
  const projects = useQuery({ queryKey: ['projects'], queryFn: api.projects, refetchInterval: 5_000 });
  const [adding, setAdding] = useState(false);
  const owner = me.role === 'owner';
  const empty = projects.data?.length === 0;
  const archived = projects.data?.filter((one) => one.is_archived) ?? [];
  return (
    <main className="page">
      <div className="page-head">
        <h1>Projects</h1>
        {owner && !empty && (
          <button type="button" aria-expanded={adding} onClick={() => setAdding(!adding)}>
            New project
          </button>
        )}
      </div>
      {owner && (adding || empty) && <NewProject first={empty === true} />}
      {projects.isError && <p role="alert">{sentenceOf(projects.error)}</p>}
      {projects.isPending && <p className="muted">Reading the projects…</p>}
      {empty && !owner && <p className="muted">No project is open to you. Ask for an invite link.</p>}
      <Cards projects={projects.data?.filter((one) => !one.is_archived) ?? []} owner={owner} />
      {archived.length > 0 && (
        <details>
          <summary>{plural(archived.length, 'archived project')}</summary>
          <Cards projects={archived} owner={owner} />
        </details>
      )}
    </main>
  );
}

function Cards({ projects, owner }: { projects: readonly Project[]; owner: boolean }): ReactNode {
  return (
    <ul className="projects">
      {projects.map((project) => (
        <ProjectCard key={project.id} project={project} owner={owner} />
      ))}
    </ul>
  );
}

function ProjectCard({ project, owner }: { project: Project; owner: boolean }): ReactNode {
  const path = `/projects/${project.id}`;
  const labeled = project.num_tasks_with_annotations;
  return (
    <li className="card project">
      <div className="project-what">
        <h2 dir="auto">{project.title}</h2>
        <p className="muted">
          {count(labeled)} of {plural(project.task_number, 'item')} labeled
          {project.skipped_annotations_number > 0 && `, ${count(project.skipped_annotations_number)} skipped`}
        </p>
        <Progress done={labeled} total={project.task_number} label={`${project.title}: labeled`} />
      </div>
      <div className="project-go">
        {owner && (
          <span className="links">
            <Link href={`${path}/queue`}>Queue</Link>
            <Link href={`${path}/quality`}>Insights</Link>
            <Link href={`${path}/data`}>Data</Link>
            <Link href={`${path}/people`}>Invite</Link>
            <Link href={`${path}/settings`}>Settings</Link>
          </span>
        )}
        <Link href={`${path}/label`} className="button primary">
          Start labeling
        </Link>
      </div>
    </li>
  );
}
