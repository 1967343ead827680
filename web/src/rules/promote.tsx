/** What weighs the votes, and the second, named act that makes annotations of what it says. */
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import type { LabelModel, RulesClient } from './api.ts';

export function WeighedBy({ models }: { models: readonly LabelModel[] }): ReactNode {
  if (models.length === 0) return null;
  return (
    <>
      {models.map((model) => (
        <p key={model.control} className="muted">
          Suggestions for <b dir="auto">{model.control}</b> weigh the votes of {plural(model.voters.length, 'labeler')}{' '}
          by <b>{model.name}</b>. {model.reason}
        </p>
      ))}
    </>
  );
}

const PERCENT = 100;

export function Promote(props: { client: RulesClient; onStart: () => void }): ReactNode {
  const [name, setName] = useState('');
  const [least, setLeast] = useState('95');
  const start = useMutation({
    mutationFn: () => props.client.promote(name, least === '' ? null : Number(least) / PERCENT),
    onSuccess: () => {
      setName('');
      props.onStart();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    start.mutate();
  };
  return (
    <details className="rule-promote">
      <summary>Turn suggestions into annotations…</summary>
      <form onSubmit={submit}>
        <p className="muted">
          Only tasks that nobody has dealt with. It is one run, undone as a whole, and no accuracy is ever measured on
          it.
        </p>
        <label className="field">
          Why are they good enough? People read this in the list of runs.
          <input value={name} maxLength={200} onChange={(event) => setName(event.target.value)} />
        </label>
        <label className="field">
          Least probability in percent; empty takes suggestions without a number too.
          <input type="number" min={0} max={PERCENT} value={least} onChange={(event) => setLeast(event.target.value)} />
        </label>
        {start.isError && <p role="alert">{sentenceOf(start.error)}</p>}
        <button type="submit" disabled={name.trim() === '' || start.isPending}>
          Promote
        </button>
      </form>
    </details>
  );
}
