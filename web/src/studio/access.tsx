/** Where Label Studio is called and as whom: needed for syncs, and for predictions that come late. */
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { sentenceOf } from '../http.ts';
import { type Connection, studio } from './api.ts';

export function Access({ connection, onSaved }: { connection: Connection; onSaved(): void }): ReactNode {
  const [url, setUrl] = useState(connection.url ?? connection.offered_url ?? '');
  const [token, setToken] = useState('');
  const [number, setNumber] = useState(String(connection.studio_project ?? ''));
  const save = useMutation({
    mutationFn: () =>
      studio.change(connection.id, {
        url,
        ...(token === '' ? {} : { token }),
        ...(number === '' ? {} : { studio_project: Number(number) }),
      }),
    onSuccess: () => {
      setToken('');
      onSaved();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <details>
      <summary>Address and token of Label Studio</summary>
      <form className="actions" onSubmit={submit}>
        <label className="field">
          Address
          <input type="url" required value={url} onChange={(event) => setUrl(event.target.value)} />
        </label>
        <label className="field">
          Token (Account &amp; Settings there)
          <input
            type="password"
            autoComplete="off"
            placeholder={connection.has_token ? 'kept' : ''}
            value={token}
            onChange={(event) => setToken(event.target.value)}
          />
        </label>
        <label className="field">
          Project number there
          <input type="number" min={1} value={number} onChange={(event) => setNumber(event.target.value)} />
        </label>
        <button type="submit" disabled={save.isPending}>
          Save
        </button>
      </form>
      {save.isError && <p role="alert">{sentenceOf(save.error)}</p>}
    </details>
  );
}
