/** The order of the queue: choose a strategy or a blend, look at the first items before and after, then use it. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { snippet } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { useProject, useTaskText } from '../project.ts';
import { type Comparison, insightsApi, type Strategy } from './api.ts';

export function PolicySection({ projectId }: { projectId: number }): ReactNode {
  const queries = useQueryClient();
  const own = useProject(projectId).data?.settings.query_strategy ?? '';
  const [typed, setTyped] = useState<string | null>(null);
  const wanted = typed ?? own;
  const strategies = useQuery({ queryKey: ['strategies'], queryFn: insightsApi.strategies });
  const compare = useMutation({ mutationFn: () => insightsApi.compare(projectId, wanted) });
  const use = useMutation({
    mutationFn: () => insightsApi.takeStrategy(projectId, wanted),
    onSuccess: () => {
      compare.reset();
      return queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(projectId) });
    },
  });
  const known = (name: string): Strategy | undefined => strategies.data?.find((one) => one.name === bare(name));
  // A blend is of strategies for choices; random and sequential fit everything.
  const asked = strategies.data === undefined ? null : (known(own) ?? { asked: 'choices' }).asked;
  const fitting = strategies.data?.filter((one) => asked === null || one.asked === null || one.asked === asked);
  const summary = known(wanted)?.summary;
  return (
    <section className="card" aria-labelledby="policy-title">
      <h2 id="policy-title">Order of the queue</h2>
      <label className="field">
        <span>
          Strategy
          {asked === 'choices' && (
            <>
              , or a blend like <code>uncertainty-herding:3, random:1</code>
            </>
          )}
          ; with <code>/cost</code> behind it, by gain per cost
        </span>
        <input
          list="strategies"
          value={wanted}
          onChange={(event) => {
            setTyped(event.target.value);
            compare.reset();
          }}
        />
      </label>
      <datalist id="strategies">
        {fitting?.map((one) => (
          <option key={one.name} value={one.name}>
            {one.summary}
          </option>
        ))}
      </datalist>
      {summary !== undefined && <p className="muted">{summary}</p>}
      <div className="actions">
        <button type="button" disabled={compare.isPending} onClick={() => compare.mutate()}>
          Show the first 20 before and after
        </button>
        <button type="button" disabled={use.isPending || wanted === own} onClick={() => use.mutate()}>
          Use it
        </button>
        {use.isSuccess && wanted === own && <span role="status">In use.</span>}
      </div>
      {(compare.isError || use.isError) && <p role="alert">{sentenceOf(compare.error ?? use.error)}</p>}
      {compare.data && <BeforeAfter projectId={projectId} comparison={compare.data} />}
    </section>
  );
}

/** The name alone: what is counted per cost has the same. */
function bare(name: string): string {
  return name.replace(/\/cost$/, '').trim();
}

function BeforeAfter({ projectId, comparison }: { projectId: number; comparison: Comparison }): ReactNode {
  const text = useTaskText(projectId);
  const { before, after } = comparison;
  const rankBefore = new Map(before.map(({ task }, i) => [task.id, i + 1]));
  const kept = after.filter(({ task }) => rankBefore.has(task.id)).length;
  const row = (task: Comparison['before'][number]['task'] | undefined): string =>
    task === undefined ? '' : snippet(text(task.data), 80) || `Item ${task.id}`;
  return (
    <>
      <p role="status">
        {kept} of the first {after.length} stay among the first {before.length}.
      </p>
      <div className="table-scroll">
        <table aria-label="The first items before and after">
          <thead>
            <tr>
              <th scope="col" className="number">
                #
              </th>
              <th scope="col">Now</th>
              <th scope="col">After</th>
              <th scope="col">Was</th>
            </tr>
          </thead>
          <tbody>
            {after.map(({ task }, i) => (
              <tr key={task.id}>
                <td className="number">{i + 1}</td>
                <td dir="auto">{row(before[i]?.task)}</td>
                <td dir="auto">{row(task)}</td>
                <td>{rankBefore.get(task.id) ?? <span className="chip">new</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
