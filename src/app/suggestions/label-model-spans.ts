/** The fit of the label model of spans: what rules and models marked, held against what people marked. */
import { type SpanText, spanRows } from '../../consensus/index.ts';
import type { Project } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { ofPeople, promotionRuns } from '../queue/answers.ts';
import { type SpanTarget, spansIn } from '../rules/span-target.ts';
import { fittedTasks } from './fitted-tasks.ts';
import type { LabelModelBody } from './label-model-body.ts';
import { spansByVoter, voterOfPrediction } from './span-suggestions.ts';
import type { Voters } from './voters.ts';

/** A text has a dozen pieces, and weights settle long before. */
const TEXTS_MAX = { spread: 20_000, annotated: 20_000 };

/** Null when nobody has marked anything. */
export async function fitSpans(
  { store, compute }: Deps,
  work: JobWork,
  { project, target, voters }: { project: Project; target: SpanTarget; voters: Voters },
): Promise<LabelModelBody | null> {
  const voterOf = voterOfPrediction(voters);
  const voterCount = voters.names.length;
  const promotions = await promotionRuns(store, project.id);
  const texts: SpanText[] = [];
  const planned = Math.min(project.ordinals, TEXTS_MAX.spread);
  let done = 0;
  for await (const tasks of fittedTasks({ store }, project, TEXTS_MAX)) {
    throwIfStopped(work.signal);
    const ids = tasks.map((task) => task.id);
    const predictions = groupBy(await store.predictions.ofTasks(ids), (one) => one.taskId);
    const given = ofPeople(await store.annotations.ofTasks(ids), promotions);
    const annotations = groupBy(given, (one) => one.taskId);
    for (const id of ids) {
      const spansOf = spansByVoter(target, predictions.get(id) ?? [], voterOf, voterCount);
      if (spansOf.every((spans) => spans.length === 0)) continue;
      const answers = (annotations.get(id) ?? []).filter((one) => !one.skipped);
      const truth = answers.find((one) => one.groundTruth) ?? answers.at(-1);
      texts.push({ spansOf, gold: truth ? spansIn(target, truth.result) : null });
    }
    done += tasks.length;
    await work.progress({ stage: 'reading spans', done, total: Math.max(done, planned) });
  }
  if (texts.length === 0) return null;
  const { votes, gold } = spanRows(texts, voterCount, target.labels.length);
  const noHead = { headRows: new Uint32Array(0), headProbabilities: new Float32Array(0) };
  const model = await compute.fitSuggestion({ votes, gold, multiple: false, ...noHead });
  const annotated = texts.filter((text) => text.gold !== null).length;
  return { ...voters, classes: target.labels, labelIds: [], model, tasks: texts.length, annotated };
}
