/** Putting a project away, or deleting it with everything in it: the title is typed, so that no slip of a key does it. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { count, plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import type { Project } from '../wire.ts';
import { dataApi } from './api.ts';

export function End({ project }: { project: Project }): ReactNode {
  const queries = useQueryClient();
  const [, navigate] = useLocation();
  const [typed, setTyped] = useState('');
  const archive = useMutation({
    mutationFn: () => dataApi.change(project.id, { is_archived: !project.is_archived }),
    onSuccess: () => queries.invalidateQueries(),
  });
  const remove = useMutation({
    mutationFn: () => dataApi.remove(project.id),
    onSuccess: () => {
      navigate('/');
      return queries.invalidateQueries({ queryKey: ['projects'] });
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (typed === project.title) remove.mutate();
  };
  return (
    <form className="card stack" aria-labelledby="end-title" onSubmit={submit}>
      <h2 id="end-title">Put away</h2>
      <p className="muted">
        An archived project moves to the end of the list and keeps everything. Deleting takes{' '}
        {plural(project.task_number, 'item')} and {count(project.total_annotations_number)} answers with it, and cannot
        be undone: get the labels first.
      </p>
      <div className="actions">
        <button type="button" disabled={archive.isPending} onClick={() => archive.mutate()}>
          {project.is_archived ? 'Take out of the archive' : 'Archive'}
        </button>
      </div>
      <label className="field">
        To delete, type the title
        <input
          dir="auto"
          autoComplete="off"
          placeholder={project.title}
          value={typed}
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
      {[archive.error, remove.error].map(
        (error) =>
          error !== null && (
            <p key={sentenceOf(error)} role="alert">
              {sentenceOf(error)}
            </p>
          ),
      )}
      <div className="actions">
        <button type="submit" disabled={typed !== project.title || remove.isPending}>
          Delete for good
        </button>
      </div>
    </form>
  );
}
