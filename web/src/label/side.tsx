/** Beside the item: why it comes now, who says so, what looks like it, and the last answers. */
import './side.css';
import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense } from 'react';
import { api } from '../api.ts';
import { percent, snippet } from '../format.ts';
import { countOf, type Layout, textOf } from '../layout.ts';
import { choicesFor, scoreFor } from '../result.ts';
import type { NextItem, Reason, Task, VoteView } from '../wire.ts';
import type { Snapshot } from './answer.ts';
import { LastTen } from './last.tsx';
import type { LabelSession } from './session.ts';

const MediaBlock = lazy(() => import('../parts/media.tsx'));

/** Votes and look-alikes asked for ahead are good for this long. */
export const HINTS_FRESH_MS = 30_000;

const SIMILAR_SHOWN = 4;
/** Fewer than that are looked for again after this, */
const FEW_AGAIN_MS = 3_000;
/** so many times: a project may have no more. */
const FEW_TRIES = 20;

export interface SideProps {
  readonly session: LabelSession;
  readonly at: Snapshot;
  readonly item: NextItem | null;
  readonly layout: Layout;
}

export function SidePanel({ session, at, item, layout }: SideProps): ReactNode {
  return (
    <aside className="side" aria-label="About this item">
      {item?.blind && (
        <section>
          <h2>Why this item</h2>
          <p className="muted">
            A plain sample, shown without hints: your own reading keeps the accuracy figures honest.
          </p>
        </section>
      )}
      {item !== null && !item.blind && (
        <>
          {item.reason !== null && <Why reason={item.reason} />}
          <Votes item={item} layout={layout} />
          <SimilarItems taskId={item.id} layout={layout} />
        </>
      )}
      <LastTen session={session} at={at} layout={layout} />
    </aside>
  );
}

function Why({ reason }: { reason: Reason }): ReactNode {
  const likely = Object.entries(reason.probabilities ?? {})
    .sort((a, b) => b[1] - a[1])
    .slice(0, 4);
  const numbers: [string, number | null, string][] = [
    ['Score', reason.phase === 'sequential' ? null : reason.score, 'Acquisition score: higher comes sooner'],
    ['Margin', reason.margin, 'Between the two likeliest labels: small means unsure'],
    ['Distance', reason.distance, 'To the nearest labeled item, 0 to 2'],
    ['Density', reason.density, 'How many others lie close'],
    ['Disagreement', reason.disagreement, 'Share of rules, models and look-alikes against the leading label'],
  ];
  return (
    <section>
      <h2>
        Why this item <span className="chip">{reason.phase}</span>
      </h2>
      <p>{reason.sentence}</p>
      {likely.length > 0 && (
        <ul className="shares">
          {likely.map(([label, share]) => (
            <li key={label}>
              <span dir="auto">{label}</span>
              <meter value={share} aria-label={label} />
              <span className="number">{percent(share)}</span>
            </li>
          ))}
        </ul>
      )}
      <dl className="numbers">
        {numbers
          .filter((row): row is [string, number, string] => row[1] !== null)
          .map(([name, value, meaning]) => (
            <div key={name} title={meaning}>
              <dt>{name}</dt>
              <dd>{value.toFixed(2)}</dd>
            </div>
          ))}
        <div>
          <dt>Strategy</dt>
          <dd>{reason.strategy}</dd>
        </div>
      </dl>
    </section>
  );
}

function Votes({ item, layout }: { item: NextItem; layout: Layout }): ReactNode {
  const votes = useQuery({
    queryKey: ['votes', item.id],
    queryFn: () => api.votes(item.id),
    staleTime: HINTS_FRESH_MS,
  });
  const rows = votes.data === undefined ? [] : withSuggestion(votes.data, item, layout.controls[0]!.name);
  const several = layout.controls.length > 1;
  return (
    <section>
      <h2>Who says so</h2>
      {votes.data !== undefined && rows.length === 0 && <p className="muted">Nobody yet.</p>}
      <ul className="votes">
        {rows.map((vote) => (
          <li key={`${vote.labeler}.${vote.control}.${vote.label}`}>
            <span className="vote-labeler muted" title={vote.labeler}>
              {labelerName(vote.labeler)}
              {several && `, ${vote.control}`}
            </span>
            <b dir="auto">{vote.label}</b>
            <span className="number">{vote.score === null ? '' : percent(vote.score)}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

type Voice = Pick<VoteView, 'labeler' | 'control' | 'label' | 'score'>;

/**
 * The first control's head learns between its versions, so its suggestion on the card is newer than its stored vote: it
 * stands for it.
 */
function withSuggestion(votes: readonly VoteView[], item: NextItem, control: string): readonly Voice[] {
  const [suggestion] = item.predictions;
  const said = choicesFor(suggestion?.result ?? [], control);
  if (suggestion === undefined || said.length === 0) return votes;
  const version = suggestion.model_version ?? 'head';
  const labeler = version.includes(':') ? version : `model:${version}`;
  const score = scoreFor(suggestion.result, control) ?? suggestion.score;
  const isOld = (vote: VoteView): boolean =>
    vote.kind === 'model' && vote.control === control && vote.labeler.split('@')[0] === labeler.split('@')[0];
  return [...said.map((label) => ({ labeler, control, label, score })), ...votes.filter((vote) => !isOld(vote))];
}

function SimilarItems({ taskId, layout }: { taskId: number; layout: Layout }): ReactNode {
  const similar = useQuery({
    queryKey: ['similar', taskId],
    queryFn: () => api.similar(taskId),
    staleTime: HINTS_FRESH_MS,
    // The first items come before they are embedded.
    refetchInterval: ({ state: { data, dataUpdateCount, errorUpdateCount } }) =>
      data !== undefined &&
      data.length < SIMILAR_SHOWN &&
      dataUpdateCount + errorUpdateCount < FEW_TRIES &&
      FEW_AGAIN_MS,
  });
  return (
    <section>
      <h2>Similar items</h2>
      {similar.data?.length === 0 && <p className="muted">None found yet.</p>}
      <ul className="similar">
        {similar.data?.slice(0, SIMILAR_SHOWN).map(({ task, similarity, label }) => (
          <li key={task.id}>
            <LookAlike task={task} layout={layout} />
            <span className="similar-foot">
              {label === null ? <span className="muted">unlabeled</span> : <b dir="auto">{label}</b>}
              <span className="muted">{similarity.toFixed(2)}</span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Its first picture and its texts, as far as it has them. */
function LookAlike({ task, layout }: { task: Task; layout: Layout }): ReactNode {
  const picture = layout.blocks.find((block) => block.kind === 'image' && countOf(block.value, task.data) > 0);
  const text = snippet(textOf(layout, task.data), 90);
  return (
    <>
      {picture?.kind === 'image' && (
        <Suspense fallback={null}>
          <MediaBlock kind="image" taskId={task.id} field={picture.value.slice(1)} count={1} quiet />
        </Suspense>
      )}
      {(text !== '' || picture === undefined) && (
        <span className="similar-text" dir="auto">
          {text || `Item ${task.id}`}
        </span>
      )}
    </>
  );
}

/** `model:head@3f2a91c04b7e` as people say it; the whole name is in the tooltip. */
function labelerName(labeler: string): string {
  const [, kind = '', name = '', version = ''] = /^(\w+):(.*?)(?:@(.*))?$/.exec(labeler) ?? [];
  return kind === '' ? labeler : `${kind} ${name} ${version.slice(0, 6)}`.trim();
}
