/** Where an invite link leads: the name is asked once, then straight to the work. */
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { api } from '../api.ts';
import { sentenceOf } from '../http.ts';
import { currentName, inviteOf, rememberToken } from '../identity.ts';

export default function JoinPage(): ReactNode {
  const [secret] = useState(() => inviteOf(window.location.hash));
  const [name, setName] = useState(currentName);
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const [, navigate] = useLocation();
  const queries = useQueryClient();

  async function join(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (secret === null || name.trim() === '') return;
    setBusy(true);
    try {
      const joined = await api.acceptInvite(secret, name.trim());
      rememberToken(joined.secret, joined.name);
      queries.clear();
      navigate(`/projects/${joined.project}/label`, { replace: true });
    } catch (error) {
      setProblem(sentenceOf(error));
      setBusy(false);
    }
  }

  if (secret === null) {
    return (
      <main className="page narrow">
        <h1>This is not a whole invite link</h1>
        <p>Copy it again, from “https” to the last character, or ask for a new one.</p>
      </main>
    );
  }
  return (
    <main className="page narrow">
      <form className="card" onSubmit={(event) => void join(event)}>
        <h1>Welcome</h1>
        <p>You were invited to label. What should the others call you?</p>
        <label className="field">
          Your name
          {/* biome-ignore lint/a11y/noAutofocus: the one field of a page that exists to ask for it */}
          <input autoFocus value={name} onChange={(event) => setName(event.target.value)} maxLength={80} dir="auto" />
        </label>
        {problem !== '' && <p role="alert">{problem}</p>}
        <div className="actions">
          <button type="submit" className="primary" disabled={busy || name.trim() === ''}>
            Start labeling
          </button>
        </div>
        <p className="muted">Kept in this browser, so you are asked only once.</p>
      </form>
    </main>
  );
}
