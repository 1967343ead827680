/** The first five minutes with rules, on the page itself. */
import type { ReactNode } from 'react';

export function Guide(): ReactNode {
  return (
    <details className="rule-guide">
      <summary>Write your first rules in five minutes</summary>
      <ol>
        <li>
          A rule says: texts like this carry that label. Give it an <code>id</code>, a <code>label</code> and{' '}
          <code>keywords: [unsubscribe, click here]</code>, which finds whole words in any case. What it hits appears
          beside the editor while you type.
        </li>
        <li>
          Patterns: <code>regex: 'see you (tomorrow|later)'</code>. Both, either, not:{' '}
          <code>when: {'{all: [...]}'}</code>, <code>any</code>, <code>not</code>. Near each other: <code>near</code>.
          To mark places instead of whole tasks: <code>spans: true</code>. Of a picture or sound:{' '}
          <code>fact: {'{path: brightness, max: 60}'}</code>. Keys and words are completed with <kbd>ctrl</kbd>{' '}
          <kbd>space</kbd>.
        </li>
        <li>
          Look at Conflicts first: hits that an annotation or another rule speaks against. Then at Misses: tasks that
          people gave the label and no rule found.
        </li>
        <li>
          Add the words that your annotations suggest, below the editor; or select words on the label page and press{' '}
          <kbd>m</kbd>.
        </li>
        <li>
          <kbd>ctrl</kbd> <kbd>enter</kbd> compares with what is in force and applies. Rules vote; they never overwrite
          what a person said, and Undo takes all of it back.
        </li>
      </ol>
      <p className="muted">
        All conditions and options stand in <code>docs/rules.md</code> and <code>docs/rules-guide.md</code> of this
        package.
      </p>
    </details>
  );
}
