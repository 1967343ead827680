/** Keys of the label page: the page's own map, the hotkeys of the label config, and scrolling. */
import { useEffect, useRef } from 'react';
import { type Action, actionOf, SCROLLS } from '../keys.ts';
import type { Question } from './answering.ts';

/** Hotkeys of the page; those of the config win, except over the keys that answer or take back. */
export function useHotkeys(
  questions: readonly Question[],
  act: (action: Action) => void,
  choose: (choice: string, control: string) => void,
): void {
  const latest = useRef({ questions, act, choose });
  latest.current = { questions, act, choose };
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (target.closest('input, textarea, select, dialog') !== null) return;
      // A focused button or link keeps its own Enter and space.
      if ((event.key === 'Enter' || event.key === ' ') && target.closest('button, a, summary') !== null) return;
      // A player seeks with the arrows.
      if (event.key.startsWith('Arrow') && target.closest('audio, video') !== null) return;
      if (scrolls(event)) {
        event.preventDefault();
        return;
      }
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey && !event.repeat;
      const chosen = plain ? ownKey(latest.current.questions, event.key) : null;
      const action = actionOf(event);
      const fixed = typeof action === 'string' && ['Enter', ' ', 'Backspace', 'Escape', '/', '?'].includes(event.key);
      if (chosen !== null && !fixed) latest.current.choose(...chosen);
      else if (action !== null) latest.current.act(action);
      else return;
      event.preventDefault();
    };
    // After a click the button must not keep the focus: the next space would press it again.
    const onClick = (event: MouseEvent): void => {
      const button = (event.target as HTMLElement).closest('button');
      if (event.detail > 0 && button !== null && button.closest('dialog, form') === null) button.blur();
    };
    document.addEventListener('keydown', onKey);
    document.addEventListener('click', onClick);
    return () => {
      document.removeEventListener('keydown', onKey);
      document.removeEventListener('click', onClick);
    };
  }, []);
}

/** The label with this hotkey, and its control. */
function ownKey(questions: readonly Question[], key: string): [label: string, control: string] | null {
  for (const { control } of questions) {
    const choice = control.choices.find(({ hotkey }) => hotkey === key);
    if (choice !== undefined) return [choice.id, control.name];
  }
  return null;
}

/** Moves the text under its window; false when the key or the text is not for scrolling. */
function scrolls(event: KeyboardEvent): boolean {
  const share = SCROLLS[event.key];
  const text = document.querySelector('.text-body');
  if (share === undefined || text === null || text.scrollHeight <= text.clientHeight) return false;
  text.scrollBy({ top: share * text.clientHeight });
  return true;
}
