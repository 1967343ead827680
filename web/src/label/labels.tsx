/** The label buttons: a short list as it is; a long one as quick keys, a search, and everything. */
import './answer.css';
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { percent } from '../format.ts';
import type { Choice } from '../layout.ts';
import { breakable } from '../parts/breakable.tsx';
import type { Answering, Question } from './answering.ts';
import { digitsOf, QUICK } from './order.ts';

export function LabelButtons({ view }: { view: Answering }): ReactNode {
  if (view.questions.length === 1) return <Labels view={view} of={view.at} />;
  return view.questions.map((one) => <Labels key={one.control.name} view={view} of={one} title={one.control.title} />);
}

/** Keys and search are for one question at a time. */
function Labels({ view, of, title }: { view: Answering; of: Question; title?: string }): ReactNode {
  const { order, control } = of;
  const here = of === view.at;
  const long = order.length > QUICK;
  const digits = useMemo(() => (here ? digitsOf(order) : new Map<string, string>()), [here, order]);
  const byId = useMemo(() => new Map(control.choices.map((choice) => [choice.id, choice])), [control]);
  const button = (id: string): ReactNode => (
    <LabelButton key={id} choice={byId.get(id)!} digit={digits.get(id) ?? ''} view={view} of={of} />
  );
  return (
    <section className="labels" aria-label={title ?? 'Labels'} aria-current={title === undefined ? undefined : here}>
      {title !== undefined && <h2 dir="auto">{title}</h2>}
      <div className="label-grid">{order.slice(0, QUICK).map(button)}</div>
      {here && (long || view.searching) && <Search view={view} />}
      {long && !(here && view.searching) && (
        <details className="all-labels">
          <summary>All {control.choices.length} labels</summary>
          <div className="label-grid small-grid">{control.choices.map((choice) => button(choice.id))}</div>
        </details>
      )}
    </section>
  );
}

interface LabelButtonProps {
  readonly choice: Choice;
  readonly digit: string;
  readonly view: Answering;
  readonly of: Question;
}

function LabelButton({ choice, digit, view, of }: LabelButtonProps): ReactNode {
  const suggested = of.suggested.includes(choice.id);
  const ticked = of.ticked.includes(choice.id);
  const share = of.probabilities[choice.id];
  const key = choice.hotkey || digit;
  return (
    <button
      type="button"
      className={`label ${suggested ? 'suggested' : ''} ${ticked ? 'ticked' : ''}`}
      aria-pressed={of.control.multiple || view.questions.length > 1 ? ticked : undefined}
      onClick={() => view.choose(choice.id, 'click', of.control.name)}
    >
      {key !== '' && <kbd>{key}</kbd>}
      <span className="label-name" dir="auto">
        {ticked && <span aria-hidden="true">✓ </span>}
        {breakable(choice.title)}
      </span>
      {suggested && <span className="visually-hidden">, suggested</span>}
      {share !== undefined && share >= 0.005 && <span className="percent">{percent(share)}</span>}
    </button>
  );
}

/** Type a few letters; Enter takes the first hit, arrows choose another. */
function Search({ view }: { view: Answering }): ReactNode {
  const { order, suggested, control } = view.at;
  const [words, setWords] = useState('');
  const [place, setPlace] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const hits = useMemo(() => {
    const wanted = view.rejected ? order.filter((id) => !suggested.includes(id)) : order;
    return matching(wanted, control.choices, words);
  }, [order, view.rejected, suggested, control, words]);
  useEffect(() => {
    if (view.searching) input.current?.focus();
  }, [view.searching]);
  const take = (id: string | undefined, via: 'key' | 'click'): void => {
    if (id === undefined) return;
    setWords('');
    setPlace(0);
    input.current?.blur();
    view.choose(id, via);
  };
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter') take(hits[place]?.id, 'key');
    else if (event.key === 'ArrowDown') setPlace(Math.min(hits.length - 1, place + 1));
    else if (event.key === 'ArrowUp') setPlace(Math.max(0, place - 1));
    else if (event.key === 'Escape') {
      setWords('');
      view.setSearching(false);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="search">
      <input
        ref={input}
        type="search"
        role="combobox"
        aria-label="Search labels"
        aria-expanded={view.searching}
        aria-controls="label-hits"
        aria-activedescendant={view.searching && hits[place] ? `hit-${place}` : undefined}
        placeholder="Search labels ( / )"
        value={words}
        onFocus={() => view.searching || view.setSearching(true)}
        onChange={(event) => {
          setWords(event.target.value);
          setPlace(0);
        }}
        onKeyDown={onKey}
      />
      {view.searching && (
        <div id="label-hits" role="listbox" aria-label="Labels found" className="hits">
          {hits.length === 0 && <p className="muted">No label holds these letters.</p>}
          {hits.map((choice, i) => (
            <div
              key={choice.id}
              id={`hit-${i}`}
              role="option"
              tabIndex={-1}
              aria-selected={i === place}
              dir="auto"
              onMouseDown={(event) => {
                event.preventDefault();
                take(choice.id, 'click');
              }}
            >
              {choice.title}
            </div>
          ))}
        </div>
      )}
    </div>
  );
}

/** Labels that hold every typed word; those that start with the first word come first, then the order of the page. */
export function matching(order: readonly string[], choices: readonly Choice[], words: string): Choice[] {
  const wanted = words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  const byId = new Map(choices.map((choice) => [choice.id, choice]));
  const hits = order
    .map((id) => byId.get(id)!)
    .filter(({ title }) => wanted.every((word) => title.toLowerCase().includes(word)));
  const starts = (choice: Choice): number => (choice.title.toLowerCase().startsWith(wanted[0] ?? '') ? 0 : 1);
  return wanted.length === 0 ? hits : [...hits].sort((a, b) => starts(a) - starts(b));
}
