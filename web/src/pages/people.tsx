/** Who labels, how much and how fast; and the links that let people in. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { ago, count, seconds } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { inviteLink } from '../identity.ts';
import { CopyField } from '../parts/copy-field.tsx';
import type { Token } from '../wire.ts';

/** Addresses that mean this machine itself. */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

export default function PeoplePage({ projectId }: { projectId: number }): ReactNode {
  const queries = useQueryClient();
  const annotators = useQuery({
    queryKey: ['annotators', projectId],
    queryFn: () => api.annotators(projectId),
    refetchInterval: 5_000,
  });
  const tokens = useQuery({ queryKey: ['tokens', projectId], queryFn: () => api.tokens(projectId) });
  const refresh = (): void => void queries.invalidateQueries({ queryKey: ['tokens', projectId] });
  const revoke = useMutation({ mutationFn: api.revoke, onSettled: refresh });
  return (
    <main className="page">
      <h1>People</h1>
      <Invite projectId={projectId} onMade={refresh} />
      <h2>Annotators</h2>
      {annotators.isError && <p role="alert">{sentenceOf(annotators.error)}</p>}
      {annotators.data?.length === 0 && <p className="muted">Nobody has labeled yet.</p>}
      {annotators.data && annotators.data.length > 0 && (
        <div className="table-scroll">
          <table aria-label="Annotators">
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col" className="number">
                  Answers
                </th>
                <th scope="col" className="number">
                  Skipped
                </th>
                <th scope="col" className="number">
                  Median time per item
                </th>
              </tr>
            </thead>
            <tbody>
              {annotators.data.map((person) => (
                <tr key={person.id}>
                  <td dir="auto">{person.name}</td>
                  <td className="number">{count(person.annotations)}</td>
                  <td className="number">{count(person.skipped)}</td>
                  <td className="number">
                    {person.median_visible_ms === null ? '–' : seconds(person.median_visible_ms)}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <h2>Access</h2>
      {revoke.isError && <p role="alert">{sentenceOf(revoke.error)}</p>}
      {tokens.data && <Tokens tokens={tokens.data} revoke={(id) => revoke.mutate(id)} />}
    </main>
  );
}

function Invite({ projectId, onMade }: { projectId: number; onMade: () => void }): ReactNode {
  const [link, setLink] = useState('');
  const invite = useMutation({
    mutationFn: () => api.invite(projectId, `Invite link of ${new Date().toLocaleString('en-GB')}`),
    onSuccess: ({ secret }: { secret: string }) => {
      setLink(inviteLink(secret));
      onMade();
    },
  });
  return (
    <section className="card" aria-label="Invite annotators">
      <p>Send a link; whoever opens it types a name and labels this project, and sees nothing else.</p>
      <div className="actions">
        <button type="button" className={link === '' ? 'primary' : ''} onClick={() => invite.mutate()}>
          {link === '' ? 'Make an invite link' : 'Make another'}
        </button>
      </div>
      {invite.isError && <p role="alert">{sentenceOf(invite.error)}</p>}
      {link !== '' && (
        <>
          <CopyField value={link} label="Invite link" />
          {LOOPBACK.test(window.location.hostname) && (
            <p>
              It opens on this machine only, because that is all the server listens to. For others, start it with{' '}
              <code>--host</code> and the address of this machine in your network.
            </p>
          )}
          <p className="muted">Shown only now: the server keeps a fingerprint of it, not the link. Revoke it below.</p>
        </>
      )}
    </section>
  );
}

function Tokens({ tokens, revoke }: { tokens: readonly Token[]; revoke: (id: number) => void }): ReactNode {
  const living = tokens.filter((token) => token.revoked_at === null);
  if (living.length === 0) return <p className="muted">Only you, on this machine.</p>;
  return (
    <div className="table-scroll">
      <table aria-label="Access">
        <thead>
          <tr>
            <th scope="col">For</th>
            <th scope="col">Role</th>
            <th scope="col">Made</th>
            <th scope="col">
              <span className="visually-hidden">Revoke</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {living.map((token) => (
            <tr key={token.id}>
              <td dir="auto">{token.label}</td>
              <td>{token.role}</td>
              <td>{ago(token.created_at, Date.now())}</td>
              <td className="number">
                <button type="button" className="small" onClick={() => revoke(token.id)}>
                  Revoke <span className="visually-hidden">{token.label}</span>
                </button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
