/** Many items at once: spread labels under a promise, or look at look-alikes and label them in one act. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useDeferredValue, useState } from 'react';
import { api } from '../api.ts';
import { bulkApi, type Card, type CardFilter, type Item } from '../bulk/api.ts';
import { Cards } from '../bulk/cards.tsx';
import { CopyGroups } from '../bulk/copies.tsx';
import { FilterBar } from '../bulk/filter.tsx';
import { PlanSummary } from '../bulk/plan.tsx';
import { SampleCheck } from '../bulk/sample.tsx';
import { NOTHING_CHOSEN } from '../bulk/selection.ts';
import { asksForSpans, SpanRepeats } from '../bulk/spans.tsx';
import { useJobs } from '../events.ts';
import { count, plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { isOpen, JobList } from '../parts/jobs.tsx';
import { useLayout, useProject } from '../project.ts';
import './bulk.css';

const PAGE = 60;

/** What was just done, with the way back. */
interface Done {
  readonly text: string;
  readonly runId: number | null;
}

export default function BulkPage({ projectId }: { projectId: number }): ReactNode {
  const queries = useQueryClient();
  const layout = useLayout(projectId);
  const config = useProject(projectId).data?.label_config;
  /** Labels of whole items spread; a config of spans alone has none. */
  const spreads = (layout?.controls.length ?? 0) > 0;
  const plan = useQuery({ queryKey: ['plan', projectId], queryFn: () => bulkApi.plan(projectId) });
  const [asked, setFilter] = useState<CardFilter>(filterInAddress);
  const [shown, setShown] = useState(PAGE);
  const [list, setList] = useState(false);
  const [selection, setSelection] = useState(NOTHING_CHOSEN);
  const [sampling, setSampling] = useState(false);
  const [comparing, setComparing] = useState(false);
  const [done, setDone] = useState<Done | null>(null);
  const filter = possible(asked, plan.data !== null);
  const settled = possible(useDeferredValue(asked), plan.data !== null);
  const ready = isReady(settled, plan.data != null);
  const cards = useQuery({
    queryKey: ['cards', projectId, settled, shown, plan.data?.created_at],
    queryFn: () => bulkApi.cards(projectId, settled, 0, shown),
    enabled: ready,
    placeholderData: (before) => before,
  });
  const sample = useQuery({
    queryKey: ['sample', projectId, settled],
    queryFn: () => bulkApi.sample(projectId, settled),
    enabled: sampling && ready,
  });
  const copies = useQuery({
    queryKey: ['copies', projectId],
    queryFn: () => bulkApi.copies(projectId),
    enabled: comparing,
  });
  const act = useMutation({
    mutationFn: (work: () => Promise<Done | null>) => work(),
    onSuccess: setDone,
    onSettled: () => {
      void queries.invalidateQueries({ queryKey: ['plan', projectId] });
      void queries.invalidateQueries({ queryKey: ['cards', projectId] });
      void queries.invalidateQueries({ queryKey: ['copies', projectId] });
    },
  });
  const change = (next: CardFilter): void => {
    setFilter(next);
    setSelection(NOTHING_CHOSEN);
    setShown(PAGE);
    setSampling(false);
  };
  const label = (items: readonly Item[]): void =>
    act.mutate(async () => {
      const { output } = await bulkApi.label(projectId, items);
      const { runId, labeled, leftOut } = output as { runId: number; labeled: number; leftOut: number };
      setSelection(NOTHING_CHOSEN);
      setSampling(false);
      const left = leftOut === 0 ? '' : ` ${plural(leftOut, 'item')} had your answer already.`;
      return { text: `Labeled ${plural(labeled, 'item')}.${left}`, runId };
    });
  const jobs = useJobs(projectId).filter(isOpen);
  const open = cards.data?.cards ?? [];
  return (
    <main className="page bulk">
      <div className="page-head">
        <h1>Bulk</h1>
        <div className="actions">
          <button
            type="button"
            disabled={act.isPending}
            onClick={() =>
              act.mutate(async () => {
                await bulkApi.findCopies(projectId);
                setComparing(true);
                return null;
              })
            }
          >
            Find copies
          </button>
          {spreads && (
            <button
              type="button"
              disabled={act.isPending}
              onClick={() =>
                act.mutate(async () => {
                  await bulkApi.preview(projectId);
                  change({ source: 'proposals' });
                  return null;
                })
              }
            >
              {act.isPending ? 'Working…' : plan.data ? 'Preview again' : 'Preview spreading'}
            </button>
          )}
        </div>
      </div>
      {act.isPending && <JobList jobs={jobs} />}
      {act.isError && <p role="alert">{sentenceOf(act.error)}</p>}
      {done !== null && (
        <p role="status" className="bulk-done">
          {done.text}{' '}
          {done.runId !== null && (
            <button type="button" className="small" onClick={() => act.mutate(() => undo(done.runId!))}>
              Undo
            </button>
          )}
        </p>
      )}
      {plan.data === null && spreads && (
        <p className="muted">
          A preview works out which labels the answers so far give to look-alikes, and how far that can be trusted. It
          writes nothing.
        </p>
      )}
      {plan.data != null && (
        <PlanSummary
          plan={plan.data}
          busy={act.isPending}
          onApply={() =>
            act.mutate(async () => {
              const { output } = await bulkApi.apply(projectId);
              const { runId, votes } = output as { runId: number; votes: number };
              return { text: `Spread ${plural(votes, 'vote')}.`, runId };
            })
          }
          onVerify={() =>
            act.mutate(async () => {
              const { queued } = await bulkApi.verify(projectId);
              return { text: `${plural(queued, 'random item')} now come first in the queue.`, runId: null };
            })
          }
        />
      )}
      {comparing && layout !== null && copies.data != null && (
        <CopyGroups
          copies={copies.data}
          layout={layout}
          busy={act.isPending}
          onLabel={label}
          onKeep={(task) =>
            act.mutate(async () => {
              const { output } = await bulkApi.keepOne(projectId, task);
              const { runId, labeled } = output as { runId: number; labeled: number };
              return { text: `Skipped ${plural(labeled, 'copy', 'copies')} of item ${task}.`, runId };
            })
          }
          onClose={() => setComparing(false)}
        />
      )}
      {config !== undefined && asksForSpans(config) && (
        <SpanRepeats
          projectId={projectId}
          busy={act.isPending}
          onPropose={(request) =>
            act.mutate(async () => {
              const { output } = await bulkApi.spreadSpan(projectId, request);
              const { runId, tasks, spans } = output as { runId: number; tasks: number; spans: number };
              return { text: `Proposed ${plural(spans, 'span')} in ${plural(tasks, 'item')}.`, runId };
            })
          }
        />
      )}
      <FilterBar plan={plan.data ?? null} filter={filter} onChange={change} />
      {cards.isError && <p role="alert">{sentenceOf(cards.error)}</p>}
      {layout !== null && cards.data !== undefined && ready && (
        <>
          <Actions
            cards={open}
            chosen={selection.chosen}
            labels={layout.controls[0]?.choices.map((choice) => choice.id) ?? []}
            busy={act.isPending}
            list={list}
            onList={setList}
            onSample={() => setSampling(true)}
            onLabel={label}
            total={cards.data.total}
          />
          {cards.data.unread > 0 && (
            <p className="muted">
              {plural(cards.data.unread, 'further item')} were not looked at: narrow the choice down.
            </p>
          )}
          {sampling && sample.data && (
            <SampleCheck
              sample={sample.data}
              layout={layout}
              items={cards.data.total}
              busy={act.isPending}
              onClose={() => setSampling(false)}
              onAccept={(wrong) =>
                act.mutate(async () => {
                  const all = suggestionsOf(await bulkApi.all(projectId, settled));
                  const items = all.filter(({ task }) => !wrong.has(task));
                  const { output } = await bulkApi.label(projectId, items);
                  const { runId, labeled } = output as { runId: number; labeled: number };
                  setSampling(false);
                  return { text: `Labeled ${plural(labeled, 'item')}.`, runId };
                })
              }
            />
          )}
          {cards.data.total === 0 && (
            <p className="muted" role="status">
              {isNarrowed(settled) ? 'No item fits all that is chosen above.' : NOTHING[settled.source]}{' '}
              {settled.source !== 'all' && (
                <button type="button" className="small" onClick={() => change({ source: 'all' })}>
                  Show all items
                </button>
              )}
            </p>
          )}
          <Cards
            cards={open}
            layout={layout}
            list={list}
            selection={selection}
            onSelect={setSelection}
            onSimilar={(task) => change({ source: 'similar', task })}
          />
          {open.length < cards.data.total && (
            <button type="button" onClick={() => setShown(Math.min(500, shown + PAGE))}>
              Show more of {count(cards.data.total)}
            </button>
          )}
        </>
      )}
    </main>
  );
}

/** An area of the map comes with the address, so that it can be kept and passed on. */
function filterInAddress(): CardFilter {
  const given = new URLSearchParams(window.location.search);
  const [area, drawn] = [given.get('area'), given.get('drawn')];
  return area === null || drawn === null ? { source: 'proposals' } : { source: 'map', area, drawn };
}

function isReady({ source, task }: CardFilter, planned: boolean): boolean {
  if (source === 'similar') return task !== undefined;
  return source === 'map' || source === 'all' || planned;
}

/** Before a preview there are no proposals and no clusters to lie on the table. */
function possible(filter: CardFilter, previewed: boolean): CardFilter {
  const needsPlan = filter.source === 'proposals' || filter.source === 'cluster';
  return previewed || !needsPlan ? filter : { ...filter, source: 'all' };
}

/** What an empty table means. */
const NOTHING: Readonly<Record<CardFilter['source'], string>> = {
  all: 'The project has no items yet.',
  proposals: 'Nothing is proposed: two labels need an answer each before they can spread.',
  cluster: 'The cluster is empty.',
  similar: 'No other item has been embedded yet.',
  map: 'No item lies in this area.',
};

function isNarrowed({ label, text, least }: CardFilter): boolean {
  return label !== undefined || Boolean(text) || (least ?? 0) > 0;
}

async function undo(runId: number): Promise<Done> {
  await api.undoRun(runId);
  return { text: 'Taken back, as a whole.', runId: null };
}

/** Open items with the label that is proposed for each. */
function suggestionsOf(cards: readonly Card[]): Item[] {
  return cards.flatMap(({ task, labels, answered }) =>
    labels.length === 0 || answered !== null ? [] : [{ task: task.id, labels }],
  );
}

interface ActionsProps {
  readonly cards: readonly Card[];
  readonly chosen: ReadonlySet<number>;
  readonly labels: readonly string[];
  readonly busy: boolean;
  readonly list: boolean;
  readonly total: number;
  readonly onList: (list: boolean) => void;
  readonly onSample: () => void;
  readonly onLabel: (items: readonly Item[]) => void;
}

function Actions({ cards, chosen, labels, busy, list, total, onList, onSample, onLabel }: ActionsProps): ReactNode {
  const selected = cards.filter((card) => chosen.has(card.task.id));
  const suggested = suggestionsOf(selected);
  const none = busy || selected.length === 0;
  return (
    <div className="bulk-actions" role="toolbar" aria-label="Selected items">
      <span>
        <b>{count(selected.length)}</b> of {count(total)} selected
      </span>
      <button
        type="button"
        className="primary"
        disabled={none || suggested.length === 0}
        onClick={() => onLabel(suggested)}
      >
        Accept {plural(suggested.length, 'suggestion')}
      </button>
      {labels.map((label) => (
        <button
          key={label}
          type="button"
          disabled={none}
          onClick={() => onLabel(selected.map((card) => ({ task: card.task.id, labels: [label] })))}
        >
          Label as <span dir="auto">{label}</span>
        </button>
      ))}
      <button type="button" disabled={busy || total === 0} onClick={onSample}>
        Look at 20 first
      </button>
      <span className="muted bulk-hint">
        click, <kbd>shift</kbd> click, arrows, <kbd>space</kbd>, <kbd>a</kbd> all, <kbd>esc</kbd> none
      </span>
      <button type="button" className="small" aria-pressed={list} onClick={() => onList(!list)}>
        {list ? 'As a grid' : 'As a list'}
      </button>
    </div>
  );
}
