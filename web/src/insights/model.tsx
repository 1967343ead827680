/** What the model gets right and wrong: calibration, confusion with the items behind a cell, figures per label. */
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { api } from '../api.ts';
import { percent, plural, snippet } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { useTaskText } from '../project.ts';
import { type AnswersOf, insightsApi, type ModelFigures } from './api.ts';

type Share = NonNullable<ModelFigures['accuracy']>;
type Cell = NonNullable<ModelFigures['confusion']>[number];

/** Items listed under a cell. */
const ITEMS_MAX = 20;

export function ModelSection({ projectId }: { projectId: number }): ReactNode {
  const [of, setOf] = useState<AnswersOf>('blind');
  const figures = useQuery({
    queryKey: ['model-figures', projectId, of],
    queryFn: () => insightsApi.figures(projectId, of),
    refetchInterval: 30_000,
  });
  return (
    <section className="card" aria-labelledby="model-title">
      <h2 id="model-title">What the model gets right and wrong</h2>
      <p className="muted">
        The serving version on answers it has not learned from.{' '}
        {of === 'blind'
          ? 'The random slice is a fair sample of the project.'
          : 'Asked-for items are harder than the rest, so these figures are too low for the project as a whole.'}
      </p>
      <div className="actions">
        <button
          type="button"
          className={of === 'blind' ? 'primary' : ''}
          aria-pressed={of === 'blind'}
          onClick={() => setOf('blind')}
        >
          Random slice
        </button>
        <button
          type="button"
          className={of === 'all' ? 'primary' : ''}
          aria-pressed={of === 'all'}
          onClick={() => setOf('all')}
        >
          All answers
        </button>
      </div>
      {figures.isError && <p role="alert">{sentenceOf(figures.error)}</p>}
      {figures.data && <Figures projectId={projectId} figures={figures.data} />}
    </section>
  );
}

function Figures({ projectId, figures }: { projectId: number; figures: ModelFigures }): ReactNode {
  if (figures.version === null) return <p>No model serves yet.</p>;
  if (figures.accuracy === null) {
    return (
      <p>
        Too few such answers yet: {figures.n} of the {figures.needed} that these figures need to mean anything.
      </p>
    );
  }
  return (
    <>
      <p>
        Version {figures.version}: <b>{percent(figures.accuracy.share)}</b> right ({range(figures.accuracy)}) on{' '}
        {plural(figures.n, 'answer')}. Macro F1 {measured(figures.macro_f1)}; its percentages are off by{' '}
        {measured(figures.calibration_error)} on average.
      </p>
      <h3>Label by label</h3>
      <PerLabel figures={figures} />
      {figures.confusion !== null && (
        <>
          <h3>Confusion</h3>
          <Confusion projectId={projectId} figures={figures} cells={figures.confusion} />
        </>
      )}
      <h3>Calibration</h3>
      <Calibration figures={figures} />
    </>
  );
}

function PerLabel({ figures }: { figures: ModelFigures }): ReactNode {
  return (
    <div className="table-scroll">
      <table aria-label="Precision and recall of each label">
        <thead>
          <tr>
            <th scope="col">Label</th>
            <th scope="col">Precision: right when it says so</th>
            <th scope="col">Recall: found of what there is</th>
          </tr>
        </thead>
        <tbody>
          {figures.per_label.map(({ label, precision, recall }) => (
            <tr key={label}>
              <td dir="auto">{label}</td>
              <td>{withRange(precision)}</td>
              <td>{withRange(recall)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Confusion(props: { projectId: number; figures: ModelFigures; cells: readonly Cell[] }): ReactNode {
  const { labels } = props.figures;
  const [open, setOpen] = useState<Cell | null>(null);
  const cellOf = (given: number, said: number): Cell | undefined =>
    props.cells.find((cell) => cell.given === given && cell.said === said);
  return (
    <>
      <div className="table-scroll">
        <table>
          <caption className="visually-hidden">Rows: what people say. Columns: what the model says.</caption>
          <thead>
            <tr>
              <th scope="col">people \ model</th>
              {labels.map((label) => (
                <th key={label} scope="col" className="number" dir="auto">
                  {label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {labels.map((given, g) => (
              <tr key={given}>
                <th scope="row" dir="auto">
                  {given}
                </th>
                {labels.map((said, s) => {
                  const cell = cellOf(g, s);
                  return (
                    <td key={said} className="number">
                      {cell === undefined ? (
                        '·'
                      ) : (
                        <button
                          type="button"
                          className={g === s ? 'small' : 'small primary'}
                          aria-pressed={open === cell}
                          aria-label={`${plural(cell.n, 'item')}: people say ${given}, the model ${said}`}
                          onClick={() => setOpen(cell)}
                        >
                          {cell.n}
                        </button>
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {open !== null && (
        <CellItems
          projectId={props.projectId}
          cell={open}
          title={`People say ${labels[open.given]}, the model says ${labels[open.said]}`}
        />
      )}
    </>
  );
}

function CellItems({ projectId, cell, title }: { projectId: number; cell: Cell; title: string }): ReactNode {
  const text = useTaskText(projectId);
  const ids = cell.tasks.slice(0, ITEMS_MAX);
  const tasks = useQuery({
    queryKey: ['cell', ids.join()],
    queryFn: () => Promise.all(ids.map((id) => api.task(id))),
  });
  return (
    <section aria-label={title}>
      <h4 dir="auto">
        {title} <span className="chip">{cell.n}</span>
      </h4>
      {tasks.isError && <p role="alert">{sentenceOf(tasks.error)}</p>}
      <ul>
        {tasks.data?.map((task) => (
          <li key={task.id} dir="auto">
            {snippet(text(task.data), 160) || `Item ${task.id}`} <span className="muted">item {task.id}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Calibration({ figures }: { figures: ModelFigures }): ReactNode {
  return (
    <div className="table-scroll">
      <table aria-label="Calibration">
        <thead>
          <tr>
            <th scope="col">Suggestions that claim about</th>
            <th scope="col">were right</th>
            <th scope="col">
              <span className="visually-hidden">Share that was right</span>
            </th>
            <th scope="col" className="number">
              Answers
            </th>
          </tr>
        </thead>
        <tbody>
          {figures.calibration.map((bin) => (
            <tr key={bin.confidence}>
              <td>{percent(bin.confidence)}</td>
              <td>{withRange(bin)}</td>
              <td>
                <meter value={bin.share} aria-label={`right at a claim of ${percent(bin.confidence)}`} />
              </td>
              <td className="number">{bin.n}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function withRange(share: Share | null): string {
  return share === null ? 'no such answers' : `${percent(share.share)} (${range(share)})`;
}

function measured(figure: ModelFigures['macro_f1']): string {
  return figure === null ? 'not known' : `${percent(figure.value)} (${range(figure)})`;
}

function range({ low, high }: Pick<Share, 'low' | 'high'>): string {
  return `${percent(low)} to ${percent(high)}`;
}
