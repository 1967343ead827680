/** Which rules contradict which, and on how many tasks: the pairs, and a matrix of the most quarrelsome rules. */
import type { ReactNode } from 'react';
import { count } from '../format.ts';
import type { Preview } from './api.ts';

type Pair = Preview['conflicts'][number];

/** A wider matrix cannot be read. */
const RULES_SHOWN = 12;

export function Contradictions({ pairs }: { pairs: readonly Pair[] }): ReactNode {
  if (pairs.length === 0) return null;
  const rules = quarrelsome(pairs);
  const tasks = new Map(pairs.flatMap(({ a, b, tasks: n }) => [[`${a} ${b}`, n] as const, [`${b} ${a}`, n] as const]));
  return (
    <details>
      <summary>Rules that contradict each other</summary>
      <div className="table-scroll">
        <table className="rule-matrix">
          <caption className="visually-hidden">Tasks on which two rules contradict each other</caption>
          <thead>
            <tr>
              <td />
              {rules.map((rule) => (
                <th key={rule} scope="col" className="number">
                  {rule}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rules.map((row) => (
              <tr key={row}>
                <th scope="row">{row}</th>
                {rules.map((column) => (
                  <td key={column} className="number">
                    {row === column ? '' : count(tasks.get(`${row} ${column}`) ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function quarrelsome(pairs: readonly Pair[]): readonly string[] {
  const sums = new Map<string, number>();
  for (const { a, b, tasks } of pairs) for (const rule of [a, b]) sums.set(rule, (sums.get(rule) ?? 0) + tasks);
  return [...sums]
    .sort((a, b) => b[1] - a[1])
    .slice(0, RULES_SHOWN)
    .map(([rule]) => rule);
}
