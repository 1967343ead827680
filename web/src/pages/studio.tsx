/** The project's connections to Label Studio: the address to paste, what is wrong, syncs; and training elsewhere. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useCallback } from 'react';
import { sentenceOf } from '../http.ts';
import { CopyField } from '../parts/copy-field.tsx';
import { Access } from '../studio/access.tsx';
import { type Connection, studio } from '../studio/api.ts';
import { Sync } from '../studio/sync.tsx';
import { TrainerCard } from '../studio/trainer.tsx';

export default function StudioPage({ projectId }: { projectId: number }): ReactNode {
  const queries = useQueryClient();
  const connections = useQuery({ queryKey: ['studio', projectId], queryFn: () => studio.list(projectId) });
  const connect = useMutation({
    mutationFn: () => studio.connect(projectId),
    onSuccess: () => void queries.invalidateQueries({ queryKey: ['studio', projectId] }),
  });
  return (
    <main className="page">
      <h1>Label Studio</h1>
      {connections.isError && <p role="alert">{sentenceOf(connections.error)}</p>}
      <section className="card" aria-label="Connect">
        <p>
          Label in Label Studio and let this project predict: make an address and paste it there, under Settings, Model,
          Connect Model. It is shown once and is the only credential.
        </p>
        <div className="actions">
          <button type="button" className="primary" disabled={connect.isPending} onClick={() => connect.mutate()}>
            Make an address
          </button>
        </div>
        {connect.isError && <p role="alert">{sentenceOf(connect.error)}</p>}
        {connect.data && <CopyField value={connect.data.backend_url} label="Address for Label Studio" />}
      </section>
      {connections.data?.map((one) => (
        <ConnectionCard key={one.id} connection={one} projectId={projectId} />
      ))}
      <TrainerCard projectId={projectId} />
    </main>
  );
}

function ConnectionCard({ connection, projectId }: { connection: Connection; projectId: number }): ReactNode {
  const queries = useQueryClient();
  const { id, url, offered_url: offered, studio_project: number } = connection;
  const refresh = useCallback((): void => {
    void queries.invalidateQueries({ queryKey: ['studio', projectId] });
    void queries.invalidateQueries({ queryKey: ['studio-doctor', id] });
  }, [queries, projectId, id]);
  const doctor = useQuery({ queryKey: ['studio-doctor', id], queryFn: () => studio.doctor(id) });
  const accept = useMutation({ mutationFn: () => studio.change(id, { accept_offer: true }), onSettled: refresh });
  return (
    <section className="card" aria-label={`Connection ${id}`}>
      <h2>{number === null ? 'Not called yet' : `Label Studio project ${number}`}</h2>
      <p className="muted">
        {url ?? 'Nothing is sent to Label Studio'} · version <code>{connection.model_version}</code>
      </p>
      {doctor.isError && <p role="alert">{sentenceOf(doctor.error)}</p>}
      <ul aria-label="What was found">
        {doctor.data?.map((finding) => (
          <li key={finding.part + finding.sentence}>
            <span className={`chip ${finding.ok ? 'good' : 'state-failed'}`}>{finding.ok ? 'fine' : 'look'}</span>{' '}
            {finding.sentence}
          </li>
        ))}
      </ul>
      <div className="actions">
        {offered !== null && offered !== url && (
          <button type="button" onClick={() => accept.mutate()}>
            Accept {offered}
          </button>
        )}
        <button type="button" onClick={refresh}>
          Look again
        </button>
      </div>
      {accept.isError && <p role="alert">{sentenceOf(accept.error)}</p>}
      <Access connection={connection} onSaved={refresh} />
      {url !== null && <Sync id={id} onEnd={refresh} />}
    </section>
  );
}
