/** The strip between text and labels: the suggestion with its percentage, and what can be done with it. */
import type { ReactNode } from 'react';
import { percent } from '../format.ts';
import type { Answering } from './answering.ts';

/** It keeps its place on items without a suggestion. */
export function Suggestion({ view }: { view: Answering }): ReactNode {
  const { shown, questions, at } = view;
  const { suggested, score, control } = at;
  const several = questions.length > 1;
  if (shown?.reopened) {
    return (
      <div className="suggestion">
        <span role="status">Your earlier answer: choose again, or leave it.</span>
        <span className="suggestion-acts">
          {(control.multiple || several) && (
            <button type="button" className="primary" onClick={() => view.accept('click')}>
              Save <kbd>enter</kbd>
            </button>
          )}
          <button type="button" onClick={view.leave}>
            Leave it <kbd>esc</kbd>
          </button>
        </span>
      </div>
    );
  }
  const none = suggested.length === 0;
  const titles = suggested.map((id) => control.choices.find((choice) => choice.id === id)?.title ?? id);
  return (
    <div className={`suggestion ${none ? 'none' : ''}`}>
      <span className="suggestion-what" role="status">
        {none ? (
          <span className="muted">No suggestion for this one: choose a label.</span>
        ) : (
          <>
            <span className="muted">
              {at.guessed ? 'Guess by name' : 'Suggested'}
              {several && ` for ${control.title}`}
              {at.guessed && ':'}
            </span>{' '}
            <b dir="auto">{titles.join(', ')}</b>
            {score !== null && <span className="percent">{percent(score)}</span>}
          </>
        )}
      </span>
      <span className="suggestion-acts">
        {(!none || several || at.ticked.length > 0) && (
          <button type="button" className="primary" onClick={() => view.accept('click')}>
            {control.multiple || several ? 'Save' : 'Accept'} <kbd>enter</kbd>
          </button>
        )}
        {!none && (
          <button type="button" onClick={() => view.reject('click')}>
            Wrong <kbd>x</kbd>
          </button>
        )}
        <button type="button" onClick={() => view.skip('click')}>
          Skip <kbd>space</kbd>
        </button>
        <button type="button" onClick={view.undo}>
          Undo <kbd>⌫</kbd>
        </button>
      </span>
    </div>
  );
}
