/** What spreading would do and why: the choice of method, the promise, and what would widen it. */
import type { ReactNode } from 'react';
import { count, percent, plural } from '../format.ts';
import type { Plan } from './api.ts';

interface PlanProps {
  readonly plan: Plan;
  readonly busy: boolean;
  readonly onApply: () => void;
  readonly onVerify: () => void;
}

export function PlanSummary({ plan, busy, onApply, onVerify }: PlanProps): ReactNode {
  const accepted = plan.labels.reduce((sum, label) => sum + label.accepted, 0);
  const proposed = plan.labels.reduce((sum, label) => sum + label.proposed, 0);
  const more = Math.max(0, ...plan.questions.map((question) => question.more ?? 0));
  return (
    <section className="card bulk-plan" aria-label="What spreading would do">
      <p>
        <b>
          {accepted === 0
            ? 'Nothing is sure enough to spread'
            : `${count(accepted)} of ${count(proposed)} look-alikes pass`}
        </b>{' '}
        at a promised precision of {percent(plan.target)}. {plural(plan.seeds + plan.verified, 'answer')} teach, of
        which {count(plan.verified)} random ones also check.
      </p>
      {plan.questions.map((question) => (
        <p key={question.label ?? ''} className="muted">
          {question.label === null ? '' : `${question.label}: `}
          {reasonOf(question)}
          {question.withheld.length > 0 && ` Withheld: ${question.withheld.join(', ')}.`}
        </p>
      ))}
      {plan.stale && <p className="muted">Answers have changed since; preview again for fresh figures.</p>}
      <div className="actions">
        <button type="button" className="primary" disabled={busy || accepted === 0} onClick={onApply}>
          Spread to {count(accepted)} as votes
        </button>
        {more > 0 && (
          <button type="button" disabled={busy} onClick={onVerify}>
            Ask for {count(more)} random items
          </button>
        )}
      </div>
      <details>
        <summary>Why this method, and what it says per label</summary>
        <div className="bulk-evidence">
          <Evidence plan={plan} />
          <Labels plan={plan} />
        </div>
      </details>
    </section>
  );
}

function reasonOf({ method, rule, right, total, bound, coverage, more }: Plan['questions'][number]): string {
  const name = method.replaceAll('_', ' ');
  const needed = more === null ? '' : ` About ${count(more)} more random answers would help.`;
  if (rule === 'too-few' && more === null) {
    return 'Nothing to tell apart yet: all answers so far are of one kind, and it takes one of another kind to begin.';
  }
  if (rule === 'too-few') return `Too few random answers to promise anything.${needed}`;
  if (coverage === 0) return `By ${name} no group of items keeps the promise.${needed}`;
  const proof = `${count(right)} of ${count(total)} checked items beyond the threshold are right`;
  return `By ${name}: ${proof}, at least ${percent(bound)} of all such items.${needed}`;
}

function Evidence({ plan }: { plan: Plan }): ReactNode {
  return (
    <table aria-label="Methods">
      <thead>
        <tr>
          <th scope="col">Method</th>
          <th scope="col" className="number">
            Right
          </th>
          <th scope="col">95 % interval</th>
        </tr>
      </thead>
      <tbody>
        {plan.questions.flatMap((question) =>
          question.evidence.map((one) => (
            <tr key={`${question.label}/${one.method}/${one.corrected}`}>
              <td>
                {question.label === null ? '' : `${question.label}: `}
                {one.method.replaceAll('_', ' ')}
                {one.corrected && ' (class shares corrected)'}
              </td>
              <td className="number">
                {count(one.right)} of {count(one.total)}
              </td>
              <td>{one.total > 0 && `${percent(one.low)} to ${percent(one.high)}`}</td>
            </tr>
          )),
        )}
      </tbody>
    </table>
  );
}

function Labels({ plan }: { plan: Plan }): ReactNode {
  return (
    <table aria-label="Labels">
      <thead>
        <tr>
          <th scope="col">Label</th>
          <th scope="col" className="number">
            Proposed
          </th>
          <th scope="col" className="number">
            Pass
          </th>
        </tr>
      </thead>
      <tbody>
        {plan.labels.map((label) => (
          <tr key={label.label}>
            <td dir="auto">{label.label}</td>
            <td className="number">{count(label.proposed)}</td>
            <td className="number">{count(label.accepted)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
