/** The item on the card and the acts that answer it: what keys, buttons and search all go through. */
import { useMemo, useState } from 'react';
import { sentenceOf } from '../http.ts';
import type { ChoicesControl } from '../layout.ts';
import { choicesFor, choicesResult } from '../result.ts';
import type { NextItem, Via } from '../wire.ts';
import type { Reopened, Snapshot } from './answer.ts';
import { orderFor, rememberUse } from './order.ts';
import type { LabelSession } from './session.ts';

/** What is on the card: the next item, or an earlier one opened again. */
export interface Shown {
  readonly taskId: number;
  readonly data: NextItem['data'];
  readonly reopened: Reopened | null;
}

export interface Answering {
  readonly control: ChoicesControl;
  readonly shown: Shown | null;
  /** The suggested labels; empty on blind items. */
  readonly suggested: readonly string[];
  readonly score: number | null;
  /** Suggested by the name of the label alone: nothing has been learned yet. */
  readonly guessed: boolean;
  readonly probabilities: Readonly<Record<string, number>>;
  /** Labels in the order of their digits. */
  readonly order: readonly string[];
  /** Ticked so far, where several may be chosen; what an opened answer held. */
  readonly ticked: readonly string[];
  readonly note: string;
  readonly noting: boolean;
  readonly searching: boolean;
  /** The suggestion was called wrong: the search leaves it out. */
  readonly rejected: boolean;
  readonly whole: boolean;
  /** Read out to those who cannot see the page move on. */
  readonly said: string;
  choose(label: string | undefined, via: Via): void;
  accept(via: Via): void;
  reject(via: Via): void;
  skip(via: Via): void;
  undo(): void;
  leave(): void;
  setNote(note: string): void;
  setNoting(noting: boolean): void;
  setSearching(searching: boolean): void;
  setWhole(change: (shown: boolean) => boolean): void;
}

/** Everything that belongs to one item on the card, and the acts that answer it. */
export function useAnswering(session: LabelSession, at: Snapshot, control: ChoicesControl): Answering {
  const shown = useMemo(() => shownOf(at), [at]);
  const key = shown === null ? '' : `${shown.taskId}${shown.reopened === null ? '' : 'r'}`;
  const fresh = {
    key,
    ticked: null as readonly string[] | null,
    note: '',
    noting: false,
    searching: false,
    rejected: false,
    whole: false,
  };
  const [held, setHeld] = useState(fresh);
  const [said, setSaid] = useState('');
  // A new item starts clean in the same render, so nothing of the last one flashes by.
  const own = held.key === key ? held : { ...fresh, note: shown?.reopened?.note ?? '' };
  const change = (part: Partial<typeof fresh>): void => setHeld({ ...own, ...part });

  const prediction = shown?.reopened === null ? at.current?.predictions[0] : undefined;
  const guess = shown?.reopened === null ? (at.current?.guess ?? null) : null;
  const suggested = useMemo(
    () => (guess === null ? choicesFor(prediction?.result ?? [], control.name) : [guess]),
    [prediction, guess, control.name],
  );
  const probabilities = (shown?.reopened === null ? at.current?.reason?.probabilities : null) ?? {};
  const order = useMemo(
    () =>
      orderFor(
        session.projectId,
        control.choices.map((choice) => choice.id),
        probabilities,
        suggested,
      ),
    [session.projectId, control.choices, probabilities, suggested],
  );
  const before = shown?.reopened ? choicesFor(shown.reopened.result, control.name) : suggested;
  const ticked = own.ticked ?? (control.multiple || shown?.reopened ? before : []);

  const give = (labels: readonly string[], skipped: boolean, via: Via): void => {
    if (shown === null) return;
    for (const label of labels) rememberUse(session.projectId, label);
    setSaid(`Item ${shown.taskId}: ${skipped ? 'skipped' : labels.join(', ')}.`);
    session.answer({ result: choicesResult(control.name, control.toName, labels), skipped, note: own.note, via });
  };
  return {
    control,
    shown,
    suggested,
    probabilities,
    order,
    ticked,
    said,
    score: prediction?.score ?? null,
    guessed: guess !== null,
    note: own.note,
    noting: own.noting,
    searching: own.searching,
    rejected: own.rejected,
    whole: own.whole,
    choose(label, via) {
      if (label === undefined || shown === null) return;
      if (!control.multiple) return give([label], false, via);
      change({
        ticked: ticked.includes(label) ? ticked.filter((one) => one !== label) : [...ticked, label],
        searching: false,
      });
    },
    accept(via) {
      if (ticked.length > 0) give(ticked, false, via);
      else if (suggested.length > 0) give(suggested, false, via);
      else setSaid('There is no suggestion to accept here: choose a label.');
    },
    reject(via) {
      const others = control.choices.map((choice) => choice.id).filter((id) => !suggested.includes(id));
      if (suggested.length === 0) setSaid('There is no suggestion to reject here: choose a label.');
      else if (!control.multiple && others.length === 1) give(others, false, via);
      else {
        change({ searching: true, rejected: true, ticked: control.multiple ? [] : own.ticked });
        setSaid('Choose the right label.');
      }
    },
    skip: (via) => give([], true, via),
    undo() {
      session.undo().then(
        (done) => setSaid(done ? 'The last answer was taken back.' : 'There is nothing to take back.'),
        (error: unknown) => setSaid(sentenceOf(error)),
      );
    },
    leave() {
      if (own.searching || own.noting) change({ searching: false, noting: false });
      else if (shown?.reopened) session.reopen(null);
    },
    setNote: (note) => change({ note }),
    setNoting: (noting) => change({ noting }),
    setSearching: (searching) => change({ searching, rejected: false }),
    setWhole: (next) => change({ whole: next(own.whole) }),
  };
}

function shownOf({ reopened, current }: Snapshot): Shown | null {
  if (reopened !== null) return { taskId: reopened.task.id, data: reopened.task.data, reopened };
  return current === null ? null : { taskId: current.id, data: current.data, reopened: null };
}
