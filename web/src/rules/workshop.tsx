/** The document at work: checked and tried while it is typed, compared before it is saved, applied as a job, taken back. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { api } from '../api.ts';
import { useJobs } from '../events.ts';
import { count, percent, plural } from '../format.ts';
import { sentenceOf } from '../http.ts';
import { isOpen, JobList } from '../parts/jobs.tsx';
import type { Difference, Lists, Preview, RulesClient } from './api.ts';
import { ChangePanel, LastRun } from './apply.tsx';
import type { Arrival } from './arrival.ts';
import type { Schema } from './complete.ts';
import { Contradictions } from './contradictions.tsx';
import { EditorField } from './editor-field.tsx';
import { Guide } from './guide.tsx';
import { AskLabel, isLabeled, useMadeRule } from './made-rule.tsx';
import { Matches, type Tab } from './matches.tsx';
import { Promote, WeighedBy } from './promote.tsx';
import { Suggest } from './suggest.tsx';
import { RuleTable } from './table.tsx';

/** A pause in typing after which the rules are tried. */
const TYPING_MS = 250;

export function Workshop(props: {
  projectId: number;
  client: RulesClient;
  schema: Schema;
  /** The newest document; null before there is one. */
  saved: string | null;
  start: string;
  lists: Lists;
  labels: readonly string[];
  /** Sent here from the label page. */
  arrival: Arrival | null;
}): ReactNode {
  const { projectId, client, lists } = props;
  const queries = useQueryClient();
  const [text, setText] = useState(props.start);
  const [chosen, setChosen] = useState<string | null>(null);
  const [tab, setTab] = useState<Tab>('hits');
  const start = useRef<HTMLButtonElement>(null);
  const settled = useSettled(text, TYPING_MS);
  const { check, preview } = useTrial(props, settled, chosen);
  const [arrival, setArrival] = useState(props.arrival);
  const made = useMadeRule({ ...props, arrival }, ({ document, rule }) => {
    setText(document);
    setChosen(rule);
  });
  const refresh = useCallback(() => {
    for (const key of ['runs', 'label-models', 'rule-preview']) {
      void queries.invalidateQueries({ queryKey: [key, projectId] });
    }
  }, [queries, projectId]);
  const jobs = useJobs(projectId, refresh);
  const runs = useQuery({ queryKey: ['runs', projectId], queryFn: () => api.runs(projectId) });
  const models = useQuery({ queryKey: ['label-models', projectId], queryFn: client.labelModels });
  const [change, setChange] = useState<{ text: string; difference: Difference | null } | null>(null);

  const compare = useMutation({
    mutationFn: async (document: string) => {
      const { problems } = await client.check(document, lists);
      const wrong = problems.find((one) => one.severity === 'error');
      if (wrong) throw new Error(`Line ${wrong.line}, column ${wrong.column}: ${wrong.message}`);
      const saved = await client.newest();
      return { text: document, difference: saved && (await client.diff(document, lists)) };
    },
    onSuccess: setChange,
  });
  const apply = useMutation({
    mutationFn: async (document: string) => client.apply((await client.save(document, lists)).number),
    onSuccess: () => {
      setChange(null);
      // The button that was pressed is gone.
      start.current?.focus();
    },
    onSettled: refresh,
  });
  const undo = useMutation({
    mutationFn: ({ id, revoked_at }: { id: number; revoked_at: string | null }) =>
      revoked_at === null ? api.undoRun(id) : api.redoRun(id),
    onSettled: refresh,
  });
  const last = runs.data?.filter((run) => run.kind === 'rules').at(-1);
  const working = jobs.filter(isOpen);
  const failure = preview.error ?? check.error ?? compare.error ?? apply.error ?? undo.error;

  return (
    <main className="page rules">
      <div className="page-head">
        <h1>Rules</h1>
        <button
          type="button"
          className="primary"
          ref={start}
          disabled={compare.isPending}
          title="Ctrl Enter in the editor"
          onClick={() => compare.mutate(text)}
        >
          Compare and apply…
        </button>
      </div>
      <Guide />
      {made !== '' && <p role="status">{made}</p>}
      {arrival !== null && !isLabeled(arrival, props.labels) && (
        <AskLabel
          arrival={arrival}
          labels={props.labels}
          choose={(label) => {
            setArrival({ ...arrival, label });
            start.current?.focus();
          }}
        />
      )}
      {failure && <p role="alert">{sentenceOf(failure)}</p>}
      {change !== null && (
        <ChangePanel
          difference={change.difference}
          busy={apply.isPending}
          apply={() => apply.mutate(change.text)}
          leave={() => {
            setChange(null);
            start.current?.focus();
          }}
        />
      )}
      <JobList jobs={working} />
      {last && <LastRun run={last} busy={undo.isPending} toggle={() => undo.mutate(last)} />}
      <div className="rule-columns">
        <div>
          <EditorField
            text={text}
            schema={props.schema}
            check={check.data}
            onChange={setText}
            onSubmit={compare.mutate}
          />
          <Suggest {...props} start={arrival} document={text} onDocument={setText} />
        </div>
        <div aria-busy={preview.isFetching}>
          {preview.data && (
            <>
              <Summary preview={preview.data} />
              {preview.data.media && <MediaGaps media={preview.data.media} />}
              <RuleTable
                rules={preview.data.rules}
                estimated={estimatesOf(models.data ?? [])}
                chosen={chosen}
                choose={setChosen}
              />
              <Matches preview={preview.data} tab={tab} choose={setTab} />
              <Contradictions pairs={preview.data.conflicts} />
            </>
          )}
          <WeighedBy models={models.data ?? []} />
          <Promote client={client} onStart={refresh} />
        </div>
      </div>
    </main>
  );
}

/** What the server says of the document as it stands: problems always, matches when there are no errors. */
function useTrial(
  { projectId, client, lists }: { projectId: number; client: RulesClient; lists: Lists },
  text: string,
  chosen: string | null,
) {
  const check = useQuery({
    queryKey: ['rule-check', projectId, text],
    queryFn: () => client.check(text, lists),
    placeholderData: (before) => before,
  });
  const sound = !check.isPlaceholderData && check.data?.problems.every((one) => one.severity !== 'error');
  const rule = check.data?.rules.some((one) => one.id === chosen) ? (chosen ?? undefined) : undefined;
  const preview = useQuery({
    queryKey: ['rule-preview', projectId, text, rule],
    queryFn: () => client.preview(text, lists, rule),
    enabled: sound === true,
    placeholderData: (before) => before,
  });
  return { check, preview };
}

function Summary({ preview }: { preview: Preview }): ReactNode {
  const { tasks, coverage, conflict, accuracy, annotated, spans, ms } = preview;
  return (
    <p role="status">
      On {count(tasks)} tasks: <b>{percent(coverage)}</b> covered, <b>{percent(conflict)}</b> in conflict
      {accuracy !== null && (
        <>
          , the majority right on <b>{percent(accuracy)}</b> of {count(annotated)} annotated
        </>
      )}
      {spans?.precision && (
        <>
          , <b>{percent(spans.precision.share)}</b> of {count(spans.precision.n)} spans exactly as people marked them
        </>
      )}
      {spans?.recall && (
        <>
          , <b>{percent(spans.recall.share)}</b> of people’s {count(spans.recall.n)} found
        </>
      )}
      . <span className="muted nowrap">{Math.round(ms)} ms</span>
    </p>
  );
}

/** Where rules on facts of media say nothing, and why. */
function MediaGaps({ media }: { media: NonNullable<Preview['media']> }): ReactNode {
  const { waiting, unreadable, examples } = media;
  return (
    <>
      {waiting > 0 && <p role="status">Looking at {plural(waiting, 'file')}; figures follow by themselves.</p>}
      {unreadable > 0 && (
        <details>
          <summary>Rules keep silent on {plural(unreadable, 'file')}: not all that is asked can be found out</summary>
          <ul>
            {examples.map(({ task, reason }) => (
              <li key={task}>
                Item {task}: {reason}
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

/** Estimated accuracy of rules by their id; the version in force speaks for the one that is being edited. */
function estimatesOf(models: Awaited<ReturnType<RulesClient['labelModels']>>): Map<string, number | null> {
  const voters = models.flatMap((model) => model.voters);
  return new Map(voters.map(({ labeler, accuracy }) => [/^rule:(.*)@/.exec(labeler)?.[1] ?? labeler, accuracy]));
}

function useSettled(text: string, ms: number): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(text), ms);
    return () => clearTimeout(timer);
  }, [text, ms]);
  return settled;
}
