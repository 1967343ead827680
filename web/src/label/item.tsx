/** The item itself, its flag and its note. User texts are text nodes only: nothing in them is ever markup. */
import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useMemo } from 'react';
import { api } from '../api.ts';
import { EXCERPT, keywordsOf } from '../excerpt.ts';
import { count } from '../format.ts';
import { countOf, type Layout, readValue, textOf } from '../layout.ts';
import { TextBlock } from '../parts/text.tsx';
import type { Answering, Shown } from './answering.ts';
import { HINTS_FRESH_MS } from './side.tsx';

const MediaBlock = lazy(() => import('../parts/media.tsx'));

/** Longer texts are not read out by themselves. */
const SPOKEN_MAX = 2_000;

export function ItemCard(props: {
  layout: Layout;
  shown: Shown;
  view: Answering;
  /** For owners. */
  onRule: (() => void) | null;
}): ReactNode {
  const { layout, shown, view, onRule } = props;
  const values = layout.blocks.map((block) => (block.kind === 'text' ? readValue(block.value, shown.data) : ''));
  const characters = values.reduce((sum, value) => sum + value.length, 0);
  const keywords = useKeywords(
    shown,
    layout,
    characters > EXCERPT.wholeMax && view.questions.some((one) => one.suggested.length > 0),
  );
  return (
    <article className="item card" aria-label={`Item ${shown.taskId}`}>
      <header className="item-head">
        <span>
          {shown.reopened === null ? 'Item' : 'Opened again: item'} {shown.taskId}
        </span>
        {layout.blocks.some((block) => block.kind === 'text') && <span>{count(characters)} characters</span>}
        <button
          type="button"
          className={`small ${view.note === '' ? '' : 'flagged'}`}
          aria-pressed={view.note !== ''}
          onClick={() => view.setNoting(true)}
        >
          {view.note === '' ? 'Flag' : 'Flagged'} <kbd>f</kbd>
        </button>
        {onRule !== null && (
          // What is selected stays selected.
          <button type="button" className="small" onMouseDown={(event) => event.preventDefault()} onClick={onRule}>
            Rule <kbd>m</kbd>
          </button>
        )}
      </header>
      {(view.noting || view.note !== '') && <Note view={view} />}
      {/* Read out when it changes; a long text is left to be read at leisure. */}
      <div className="item-body" aria-live={characters <= SPOKEN_MAX ? 'polite' : 'off'}>
        {layout.blocks.map((block, i) => {
          if (block.kind === 'header') {
            return (
              // biome-ignore lint/suspicious/noArrayIndexKey: the blocks of a config never move
              <h2 key={i} dir="auto">
                {block.text}
              </h2>
            );
          }
          const key = `${shown.taskId}.${block.name}`;
          if (block.kind !== 'text') {
            const { kind, value } = block;
            const media = { kind, taskId: shown.taskId, field: value.slice(1), count: countOf(value, shown.data) };
            return (
              <Suspense key={key} fallback={null}>
                <MediaBlock {...media} />
              </Suspense>
            );
          }
          const whole = (): void => view.setWhole((was) => !was);
          return <TextBlock key={key} text={values[i]!} keywords={keywords} whole={view.whole} onWhole={whole} />;
        })}
      </div>
    </article>
  );
}

function Note({ view }: { view: Answering }): ReactNode {
  if (!view.noting) {
    return (
      <p className="note" dir="auto">
        {view.note}
      </p>
    );
  }
  return (
    <label className="field note">
      Note for the project owner, saved with your answer
      <input
        // biome-ignore lint/a11y/noAutofocus: opened by the key that asks for it
        autoFocus
        value={view.note}
        maxLength={2_000}
        dir="auto"
        onChange={(event) => view.setNote(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' || event.key === 'Escape') view.setNoting(false);
          event.stopPropagation();
        }}
        onBlur={() => view.setNoting(false)}
      />
    </label>
  );
}

/** Words to mark in a long text. Only items that show a suggestion get them: on blind ones a mark would be a hint. */
function useKeywords(shown: Shown, layout: Layout, wanted: boolean): readonly string[] {
  const similar = useQuery({
    queryKey: ['similar', shown.taskId],
    queryFn: () => api.similar(shown.taskId),
    staleTime: HINTS_FRESH_MS,
    enabled: wanted,
  });
  return useMemo(() => {
    if (!wanted || similar.data === undefined) return [];
    const others = similar.data.map(({ task }) => textOf(layout, task.data).slice(0, 20_000));
    return keywordsOf(textOf(layout, shown.data), others);
  }, [wanted, similar.data, layout, shown]);
}
