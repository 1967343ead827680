/** The items on the table, as a grid or a list: selected by click, space, arrows and shift. */
import { type KeyboardEvent, lazy, type ReactNode, Suspense, useEffect, useRef } from 'react';
import { percent, snippet } from '../format.ts';
import { countOf, type Layout, textOf } from '../layout.ts';
import type { Card } from './api.ts';
import { chooseAll, move, NOTHING_CHOSEN, type Selection, toggle } from './selection.ts';

const MediaBlock = lazy(() => import('../parts/media.tsx'));

interface CardsProps {
  readonly cards: readonly Card[];
  readonly layout: Layout;
  readonly list: boolean;
  readonly selection: Selection;
  readonly onSelect: (selection: Selection) => void;
  readonly onSimilar: (taskId: number) => void;
}

const TEXT_SHOWN = 220;

export function Cards({ cards, layout, list, selection, onSelect, onSimilar }: CardsProps): ReactNode {
  const ids = cards.map((card) => card.task.id);
  const place = useRef<HTMLUListElement>(null);
  const focus = useRef(false);
  useEffect(() => {
    if (!focus.current) return;
    focus.current = false;
    place.current?.children[selection.at]?.querySelector('button')?.focus();
  }, [selection.at]);
  const press = (event: KeyboardEvent): void => {
    const next = pressed(event, { selection, ids, columns: list ? 1 : columnsOf(place.current) });
    if (next === null) return;
    event.preventDefault();
    focus.current = true;
    onSelect(next);
  };
  return (
    <ul ref={place} className={list ? 'bulk-cards list' : 'bulk-cards'} aria-label="Items" onKeyDown={press}>
      {cards.map((card, at) => {
        const chosen = selection.chosen.has(card.task.id);
        return (
          <li key={card.task.id} className={chosen ? 'chosen' : ''}>
            <button
              type="button"
              className="bulk-card"
              aria-pressed={chosen}
              aria-label={`Item ${card.task.id}`}
              tabIndex={at === selection.at ? 0 : -1}
              onClick={(event) => onSelect(toggle(selection, ids, at, event.shiftKey))}
            >
              <Shown task={card.task} layout={layout} />
            </button>
            <p className="bulk-says">
              {card.answered !== null && <span className="chip good">{card.answered}</span>}
              {card.label !== null && card.answered === null && <span className="chip">{card.labels.join(', ')}</span>}
              {card.score !== null && <span title="Calibrated probability">{percent(card.score)}</span>}
              {card.similarity !== null && <span title="Cosine">{card.similarity.toFixed(3)}</span>}
              <button type="button" className="small" onClick={() => onSimilar(card.task.id)}>
                Similar<span className="visually-hidden"> to item {card.task.id}</span>
              </button>
            </p>
          </li>
        );
      })}
    </ul>
  );
}

/** Null for keys that mean nothing here. */
function pressed(
  event: KeyboardEvent,
  { selection, ids, columns }: { selection: Selection; ids: readonly number[]; columns: number },
): Selection | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    Home: -ids.length,
    End: ids.length,
  };
  const by = steps[event.key];
  if (by !== undefined) return move(selection, ids, by, event.shiftKey);
  if (event.key === 'a') return chooseAll(selection, ids);
  if (event.key === 'Escape') return { ...NOTHING_CHOSEN, at: selection.at, anchor: selection.at };
  return null;
}

/** Cards beside each other in the first line of the grid. */
function columnsOf(grid: HTMLElement | null): number {
  const tops = Array.from(grid?.children ?? [], (child) => (child as HTMLElement).offsetTop);
  return Math.max(1, tops.filter((top) => top === tops[0]).length);
}

export function Shown({ task, layout }: { task: Card['task']; layout: Layout }): ReactNode {
  const image = layout.blocks.find((block) => block.kind === 'image');
  if (image?.kind === 'image') {
    const media = { kind: image.kind, taskId: task.id, field: image.value.slice(1) };
    return (
      <Suspense fallback={null}>
        <MediaBlock {...media} count={Math.min(1, countOf(image.value, task.data))} quiet />
      </Suspense>
    );
  }
  const text = textOf(layout, task.data);
  return <span dir="auto">{text === '' ? `Item ${task.id}` : snippet(text, TEXT_SHOWN)}</span>;
}
