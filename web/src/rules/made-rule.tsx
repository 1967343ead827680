/** The rule that the label page asked for: made by itself where the label is known, and once somebody says it otherwise. */
import { useMutation } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import { sentenceOf } from '../http.ts';
import type { RulesClient } from './api.ts';
import type { Arrival } from './arrival.ts';

export function isLabeled({ label }: Arrival, labels: readonly string[]): boolean {
  return labels.includes(label);
}

/** Words were selected before anything was answered: nobody knows yet what they stand for. */
export function AskLabel(props: {
  arrival: Arrival;
  labels: readonly string[];
  choose(label: string): void;
}): ReactNode {
  const { task, words } = props.arrival;
  if (props.labels.length === 0) return null;
  return (
    <fieldset className="rule-label">
      <legend>
        {words === '' ? (
          `Which label is the rule for item ${task} to say?`
        ) : (
          <>
            Which label is the rule for “<bdi>{words}</bdi>” to say?
          </>
        )}
      </legend>
      {props.labels.map((label) => (
        <button key={label} type="button" className="small" onClick={() => props.choose(label)}>
          {label}
        </button>
      ))}
    </fieldset>
  );
}

/** Makes the rule once; says what became of it. */
export function useMadeRule(
  {
    client,
    saved,
    labels,
    arrival,
  }: { client: RulesClient; saved: string | null; labels: readonly string[]; arrival: Arrival | null },
  onMade: (made: { document: string; rule: string }) => void,
): string {
  const asked = useRef(false);
  const make = useMutation({
    mutationFn: async ({ task, label, words }: Arrival) => {
      const found = words === '' ? (await client.suggest(label, task))[0]?.text : words;
      if (found === undefined) return { task, label, words: null, made: null };
      return { task, label, words: found, made: await client.add(saved, label, found) };
    },
    onSuccess: ({ made }) => made && onMade(made),
  });
  useEffect(() => {
    if (arrival === null || asked.current || !isLabeled(arrival, labels)) return;
    asked.current = true;
    make.mutate(arrival);
  }, [arrival, labels, make.mutate]);
  if (make.isError) return sentenceOf(make.error);
  if (make.data === undefined) return '';
  const { task, label, words, made } = make.data;
  if (made === null) {
    return `No word of item ${task} announces ${label} in the answers so far. Select words on the label page and press m there.`;
  }
  return `Rule ${made.rule} says ${label} where “${words}” stands, as in item ${task}. Nothing is saved yet: look at its hits, then compare and apply.`;
}
