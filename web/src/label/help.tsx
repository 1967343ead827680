/** The keys, on demand. */
import { type ReactNode, useEffect, useRef } from 'react';
import { BINDINGS, keyName } from '../keys.ts';
import type { ChoicesControl } from '../layout.ts';

export function Help(props: { controls: readonly ChoicesControl[]; owner: boolean; onClose: () => void }): ReactNode {
  const { controls, owner, onClose } = props;
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
              <td>{binding.does}</td>
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
