/** The keys, on demand: loaded when they are asked for. */
import { type ReactNode, useEffect, useRef } from 'react';
import { type Act, BINDINGS } from '../keys.ts';
import type { ChoicesControl } from '../layout.ts';

/** In the order of the map. */
const DOES: Readonly<Record<Act, string>> = {
  accept: 'Accept the suggestion (or save the labels you ticked)',
  reject: 'The suggestion is wrong: the other label of two, else choose another',
  skip: 'Skip this item',
  undo: 'Take the last answer back',
  flag: 'Flag with a note',
  search: 'Search the labels',
  whole: 'Show the whole text, or only the telling parts',
  flips: 'After a retrain: look at what flipped',
  rollback: 'After a retrain: go back to the version before',
  leave: 'Close what is open',
  next: 'Where several things are asked: the next question',
  previous: 'The question before',
  rule: 'Make a rule of the words you selected, or of your last answer',
  help: 'Show the keys',
};

export interface HelpProps {
  readonly controls: readonly ChoicesControl[];
  readonly owner: boolean;
  readonly onClose: () => void;
}

export function Help({ controls, owner, onClose }: HelpProps): ReactNode {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  const own = controls.flatMap((control) => control.choices.filter((choice) => choice.hotkey !== ''));
  const bindings = BINDINGS.filter(
    ({ action }) =>
      (controls.length > 1 || (action !== 'next' && action !== 'previous')) && (owner || action !== 'rule'),
  );
  return (
    <dialog ref={dialog} className="help" aria-labelledby="help-title" onClose={onClose}>
      <h2 id="help-title">Keys</h2>
      <table>
        <tbody>
          <tr>
            <th scope="row">
              <kbd>1</kbd> … <kbd>0</kbd>
            </th>
            <td>
              {controls.some((control) => control.multiple)
                ? 'Tick or untick the label with this digit, or answer with it'
                : 'Answer with the label of this digit'}
            </td>
          </tr>
          <tr>
            <th scope="row">
              <kbd>↑</kbd> <kbd>↓</kbd>
            </th>
            <td>Scroll the text</td>
          </tr>
          {bindings.map((binding) => (
            <tr key={binding.action}>
              <th scope="row">
                {binding.keys.map((key) => (
                  <kbd key={key}>{keyName(key)}</kbd>
                ))}
              </th>
              <td>{DOES[binding.action]}</td>
            </tr>
          ))}
          {own.map((choice) => (
            <tr key={choice.hotkey}>
              <th scope="row">
                <kbd>{choice.hotkey}</kbd>
              </th>
              <td dir="auto">{choice.title}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}

/** Names of keys as printed on the page. */
function keyName(key: string): string {
  if (key === ' ') return 'space';
  if (key === 'R') return 'shift r';
  if (key === 'Escape') return 'esc';
  if (key === 'ArrowRight') return '→';
  if (key === 'ArrowLeft') return '←';
  return key.toLowerCase();
}
