/** The item on the card and the acts that answer it: what keys, buttons and search all go through. */
import { useMemo, useState } from 'react';
import { sentenceOf } from '../http.ts';
import type { ChoicesControl } from '../layout.ts';
import { choicesFor, choicesResult, scoreFor } from '../result.ts';
import type { NextItem, Region, Via } from '../wire.ts';
import type { Reopened, Snapshot } from './answer.ts';
import { orderFor, rememberUse } from './order.ts';
import { askedOf, type Labels } from './questions.ts';
import type { LabelSession } from './session.ts';

/** What is on the card: the next item, or an earlier one opened again. */
export interface Shown {
  readonly taskId: number;
  readonly data: NextItem['data'];
  readonly reopened: Reopened | null;
}

/** One control of the config, as this item asks it. */
export interface Question {
  readonly control: ChoicesControl;
  /** The suggested labels; empty on blind items. */
  readonly suggested: readonly string[];
  readonly score: number | null;
  /** Suggested by the name of the label alone: nothing has been learned yet. */
  readonly guessed: boolean;
  readonly probabilities: Readonly<Record<string, number>>;
  /** Labels in the order of their digits. */
  readonly order: readonly string[];
  /** Chosen so far; what an opened answer held. */
  readonly ticked: readonly string[];
}

export interface Answering {
  readonly shown: Shown | null;
  /** All that is asked of this item; conditions of the config leave the others out. */
  readonly questions: readonly Question[];
  /** The one that keys answer. */
  readonly at: Question;
  readonly note: string;
  readonly noting: boolean;
  readonly searching: boolean;
  /** The suggestion was called wrong: the search leaves it out. */
  readonly rejected: boolean;
  readonly whole: boolean;
  /** Read out to those who cannot see the page move on. */
  readonly said: string;
  choose(label: string | undefined, via: Via, control?: string): void;
  /** To the next question or the one before, without an answer to this one. */
  step(by: 1 | -1): void;
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

/** What was done to the item on the card and not yet given. */
interface Held {
  readonly key: string;
  /** By control; a control that is absent says what was suggested, or what the opened answer held. */
  readonly chosen: Labels;
  /** Controls that are settled, the last one last. */
  readonly done: readonly string[];
  readonly active: string | null;
  readonly note: string;
  readonly noting: boolean;
  readonly searching: boolean;
  readonly rejected: boolean;
  readonly whole: boolean;
}

const FRESH: Omit<Held, 'key' | 'note'> = {
  chosen: {},
  done: [],
  active: null,
  noting: false,
  searching: false,
  rejected: false,
  whole: false,
};

/** Everything that belongs to one item on the card, and the acts that answer it. */
export function useAnswering(session: LabelSession, at: Snapshot, controls: readonly ChoicesControl[]): Answering {
  const shown = useMemo(() => shownOf(at), [at]);
  const key = shown === null ? '' : `${shown.taskId}${shown.reopened === null ? '' : 'r'}`;
  const fresh = { ...FRESH, key, note: shown?.reopened?.note ?? '' };
  const [held, setHeld] = useState<Held>(fresh);
  const [said, setSaid] = useState('');
  // A new item starts clean in the same render, so nothing of the last one flashes by.
  const own = held.key === key ? held : fresh;
  const change = (part: Partial<Held>): void => setHeld({ ...own, ...part });
  const moveTo = (active: string, part: Partial<Held> = {}): void =>
    change({ searching: false, rejected: false, ...part, active });

  const item = shown?.reopened === null ? at.current : null;
  const suggestion = useMemo(() => (item === null ? [] : suggestedBy(item, controls[0]!)), [item, controls]);
  const several = controls.length > 1;
  const labelsWith = (chosen: Labels): Labels =>
    Object.fromEntries(
      controls.map(({ name }) => [name, chosen[name] ?? choicesFor(shown?.reopened?.result ?? suggestion, name)]),
    );
  const labels = labelsWith(own.chosen);
  const orders = useMemo(
    () =>
      controls.map((control, i) => {
        // Reason and guess speak of the control that orders the queue: the first.
        const probabilities = (i === 0 ? item?.reason?.probabilities : null) ?? {};
        const guessed = i === 0 && item !== null && item.guess !== null;
        const suggested = choicesFor(suggestion, control.name);
        const ids = control.choices.map((choice) => choice.id);
        const order = orderFor(session.projectId, ids, probabilities, suggested);
        return { control, probabilities, suggested, guessed, order };
      }),
    [item, suggestion, controls, session.projectId],
  );
  const all = orders.map((one): Question => {
    const { name, multiple } = one.control;
    const isTicked = multiple || shown?.reopened != null || own.chosen[name] !== undefined;
    const score = several ? scoreFor(suggestion, name) : (item?.predictions[0]?.score ?? null);
    return { ...one, score, ticked: isTicked ? labels[name]! : [] };
  });
  const asked = askedOf(controls, labels);
  const questions = all.filter(({ control }) => asked.includes(control));
  const question = questions.find(({ control }) => control.name === own.active) ?? questions[0] ?? all[0]!;
  const { control } = question;

  const give = (chosen: Labels, skipped: boolean, via: Via): void => {
    if (shown === null) return;
    const given = labelsWith(chosen);
    const answered = skipped ? [] : askedOf(controls, given);
    const result = answered.flatMap((one) => choicesResult(one, given[one.name]!));
    const words = answered.flatMap(({ name }) => given[name]!);
    for (const label of words) rememberUse(session.projectId, label);
    setSaid(`Item ${shown.taskId}: ${skipped ? 'skipped' : words.join(', ')}.`);
    // Taken back, the item starts clean; its note stays.
    setHeld({ ...fresh, note: own.note });
    session.answer({ result, skipped, note: own.note, via });
  };
  /** On to the next open question; the answer is given when none is left. */
  const settle = (names: readonly string[], chosen: Labels, via: Via): void => {
    const done = [...own.done.filter((name) => !names.includes(name)), ...names];
    const now = labelsWith(chosen);
    const askedNow = askedOf(controls, now);
    const open = askedNow.find(({ name, required }) => !done.includes(name) || (required && now[name]!.length === 0));
    if (open !== undefined) {
      if (several) setSaid(`${open.title}: choose a label.`);
      moveTo(open.name, { chosen, done });
    } else if (askedNow.some(({ name }) => now[name]!.length > 0)) give(chosen, false, via);
    else {
      setSaid('Nothing is answered: choose a label, or skip.');
      moveTo(askedNow[0]!.name, { chosen, done: [] });
    }
  };
  return {
    shown,
    questions,
    at: question,
    said,
    note: own.note,
    noting: own.noting,
    searching: own.searching,
    rejected: own.rejected,
    whole: own.whole,
    choose(label, via, name = control.name) {
      const on = questions.find((one) => one.control.name === name);
      if (label === undefined || shown === null || on === undefined) return;
      if (!on.control.multiple) return settle([name], { ...own.chosen, [name]: [label] }, via);
      const { ticked } = on;
      const ticks = ticked.includes(label) ? ticked.filter((one) => one !== label) : [...ticked, label];
      moveTo(name, { chosen: { ...own.chosen, [name]: ticks } });
    },
    step(by) {
      const next = questions[questions.indexOf(question) + by];
      if (next !== undefined) moveTo(next.control.name);
    },
    accept(via) {
      if (shown === null) return;
      const isBare = ({ name }: ChoicesControl): boolean => labels[name]!.length === 0;
      // One of several questions may stay open, if that is what the key is pressed on.
      if (isBare(control) && (!several || control.required)) {
        setSaid('There is no suggestion to accept here: choose a label.');
        return;
      }
      const open = asked.filter((one) => one === control || (!isBare(one) && !own.done.includes(one.name)));
      settle(
        open.map(({ name }) => name),
        own.chosen,
        via,
      );
    },
    reject(via) {
      const { suggested } = question;
      const others = control.choices.map((choice) => choice.id).filter((id) => !suggested.includes(id));
      if (suggested.length === 0) setSaid('There is no suggestion to reject here: choose a label.');
      else if (!control.multiple && others.length === 1) {
        settle([control.name], { ...own.chosen, [control.name]: others }, via);
      } else {
        const chosen = control.multiple ? { ...own.chosen, [control.name]: [] } : own.chosen;
        change({ searching: true, rejected: true, active: control.name, chosen });
        setSaid('Choose the right label.');
      }
    },
    skip: (via) => give({}, true, via),
    undo() {
      const last = own.done.at(-1);
      if (last !== undefined) {
        const { [last]: _taken, ...chosen } = own.chosen;
        moveTo(last, { chosen, done: own.done.slice(0, -1) });
        setSaid('The last choice was taken back.');
        return;
      }
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

/** What the card suggests: before there is a model, a guess stands for the prediction of the first control. */
function suggestedBy({ predictions, guess }: NextItem, control: ChoicesControl): readonly Region[] {
  const result = predictions[0]?.result ?? [];
  if (guess === null) return result;
  return [...result.filter((region) => region.from_name !== control.name), ...choicesResult(control, [guess])];
}

function shownOf({ reopened, current }: Snapshot): Shown | null {
  if (reopened !== null) return { taskId: reopened.task.id, data: reopened.task.data, reopened };
  return current === null ? null : { taskId: current.id, data: current.data, reopened: null };
}
