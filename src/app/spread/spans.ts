/** A labeled span proposed at all its occurrences: one run of stored predictions, written whole or not at all. */
import type { Job, Region, Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { type Json, stableHash } from '../../core/json.ts';
import { type Control, controlNamed, valueAt } from '../../labelconfig/index.ts';
import { type SpanSearch, sameSpans, type TextSpan } from '../../propagation/index.ts';
import type { Deps } from '../deps.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { takeBackAttempts, wholeRun } from '../jobs/whole-run.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import type { SpanSpreadRequest } from './api.ts';

export const SPREAD_SPANS = 'spread-spans';

const READ_CHUNK = 500;
/** Tasks that a preview shows, and characters of text on each side of the span. */
const EXAMPLES = 12;
const AROUND = 60;
/** Tasks with occurrences of one act: beyond, the words are too common to be worth proposing. */
const PREDICTIONS_MAX = 50_000;

interface Wanted {
  readonly control: Control;
  readonly field: string;
  readonly region: Region;
  readonly words: string;
}

/** Checked before it is queued, so that a span that cannot spread is refused at once. */
export async function enqueueSpans(
  deps: Deps,
  configs: ProjectConfigs,
  projectId: number,
  request: SpanSpreadRequest,
): Promise<Job> {
  const project = await found('project', projectId, deps.store.projects.get(projectId));
  const task = await found('task', request.taskId, deps.store.tasks.get(request.taskId));
  if (task.projectId !== projectId)
    throw new AppError('NOT_FOUND', `There is no task ${request.taskId} in project ${projectId}.`);
  wantedOf(configs.of(project), task, request.region);
  return deps.store.jobs.enqueue({ kind: SPREAD_SPANS, projectId, params: { ...request } });
}

export function createSpansHandler(deps: Deps, configs: ProjectConfigs) {
  return async (work: JobWork): Promise<Json> => {
    const { store } = deps;
    await takeBackAttempts(deps, work);
    throwIfStopped(work.signal);
    const project = await found('project', work.job.projectId!, store.projects.get(work.job.projectId!));
    const request = work.job.params as unknown as SpanSpreadRequest;
    const source = await found('task', request.taskId, store.tasks.get(request.taskId));
    const wanted = wantedOf(configs.of(project), source, request.region);
    const places = await occurrences(deps, work, project.id, request, wanted);
    const spans = places.reduce((sum, one) => sum + one.spans.length, 0);
    if (request.preview) return { tasks: places.length, spans, examples: examplesOf(places) };
    const start = {
      kind: 'propagation',
      labelerId: null,
      summary: `Proposed "${wanted.words.slice(0, 60)}" wherever it occurs again`,
      params: { spans: true, source: source.id },
    } as const;
    const run = await wholeRun(deps, work, start, async ({ id: runId }) => {
      const labeler = await store.labelers.ensure('neighbour', String(runId), 'same_span');
      const made = places.map(({ taskId, ordinal, text, spans }) => {
        const result = spans.map((span) => regionAt(wanted, text, span));
        return { projectId: project.id, taskId, ordinal, labelerId: labeler.id, runId, result, score: null };
      });
      return (await store.predictions.add(made)).length;
    });
    return { runId: run.id, tasks: run.written, spans };
  };
}

/** Where the words occur in one task. */
interface Place {
  readonly taskId: number;
  readonly ordinal: number;
  readonly text: string;
  readonly spans: readonly TextSpan[];
}

async function occurrences(
  deps: Deps,
  work: JobWork,
  projectId: number,
  request: SpanSpreadRequest,
  wanted: Wanted,
): Promise<Place[]> {
  const { store } = deps;
  const all: Place[] = [];
  const look = async (tasks: readonly Task[]): Promise<void> => {
    const taken = await takenSpans(deps, tasks, wanted);
    for (const task of tasks) {
      const text = valueAt(task.data, wanted.field);
      if (typeof text !== 'string') continue;
      const own = task.id === request.taskId ? [spanOf(wanted.region)!] : [];
      const spans = sameSpans(wanted.words, text, [...(taken.get(task.id) ?? []), ...own], searchOf(request));
      if (spans.length > 0) all.push({ taskId: task.id, ordinal: task.ordinal, text, spans });
    }
    if (all.length > PREDICTIONS_MAX) {
      throw new AppError(
        'LIMIT_SIZE',
        `"${wanted.words}" occurs in more than ${PREDICTIONS_MAX} tasks; label a longer span.`,
      );
    }
  };
  if (request.scope === 'task') {
    await look([await found('task', request.taskId, store.tasks.get(request.taskId))]);
    return all;
  }
  const { tasks: total } = await store.projects.counts(projectId);
  for (let after = 0, done = 0; ; ) {
    throwIfStopped(work.signal);
    const tasks = await store.tasks.list(projectId, { after, limit: READ_CHUNK });
    if (tasks.length === 0) return all;
    await look(tasks);
    done += tasks.length;
    after = tasks.at(-1)!.id;
    await work.progress({ stage: 'looking for the span', done, total: Math.max(total, done) });
  }
}

function searchOf({ wholeWords, foldCase }: SpanSearch): SpanSearch {
  return {
    ...(wholeWords === undefined ? {} : { wholeWords }),
    ...(foldCase === undefined ? {} : { foldCase }),
  };
}

/** The first span of the first tasks, with the words around it. */
function examplesOf(places: readonly Place[]): Json[] {
  return places.slice(0, EXAMPLES).map(({ taskId, text, spans }) => {
    const { start, end } = spans[0]!;
    const [before, after] = [text.slice(0, start), text.slice(end)];
    return {
      task: taskId,
      before: ellipsed(before, -AROUND),
      words: text.slice(start, end),
      after: ellipsed(after, AROUND),
      more: spans.length - 1,
    };
  });
}

/** At most so many characters of the text's beginning, or, if negative, of its end; never half a character. */
function ellipsed(text: string, count: number): string {
  const characters = [...text.slice(...(count < 0 ? [2 * count] : [0, 2 * count]))];
  if (characters.length <= Math.abs(count)) return characters.join('');
  return count < 0 ? `…${characters.slice(count).join('')}` : `${characters.slice(0, count).join('')}…`;
}

/** Spans that people gave under the same control: there is nothing to propose. */
async function takenSpans({ store }: Deps, tasks: readonly Task[], wanted: Wanted): Promise<Map<number, TextSpan[]>> {
  const taken = new Map<number, TextSpan[]>();
  for (const { taskId, result } of await store.annotations.ofTasks(tasks.map((task) => task.id))) {
    const spans = result.flatMap((region) => (region.from_name === wanted.control.name ? (spanOf(region) ?? []) : []));
    taken.set(taskId, [...(taken.get(taskId) ?? []), ...spans]);
  }
  return taken;
}

/** The plain text span of a region; null for any other. */
export function spanOf({ value }: Region): TextSpan | null {
  const { start, end } = (typeof value === 'object' && value !== null ? value : {}) as {
    start?: unknown;
    end?: unknown;
  };
  const fits = Number.isInteger(start) && Number.isInteger(end) && Number(start) >= 0 && Number(start) < Number(end);
  return fits ? { start: Number(start), end: Number(end) } : null;
}

function wantedOf(config: ProjectConfig, task: Task, region: Region): Wanted {
  const control = controlNamed(config.parsed, String(region.from_name ?? ''));
  const object = config.parsed.objects.find((one) => one.name === region.to_name);
  const text = object?.field == null ? undefined : valueAt(task.data, object.field);
  const span = spanOf(region);
  if (control?.kind !== 'span' || object?.kind !== 'text' || typeof text !== 'string' || span === null) {
    throw new AppError('INPUT_BAD_FIELD', 'Only a labeled span of a text can be looked for elsewhere.', {
      details: { field: 'region' },
    });
  }
  const words = text.slice(span.start, span.end);
  if (words.trim() === '') {
    throw new AppError('INPUT_BAD_FIELD', 'The span holds no words.', { details: { field: 'region' } });
  }
  return { control, field: object.field!, region, words };
}

function regionAt({ control, region }: Wanted, text: string, { start, end }: TextSpan): Region {
  const labels = (region.value as Region)[control.valueKey] ?? [];
  const made: Region = {
    from_name: control.name,
    to_name: region.to_name!,
    type: control.type,
    value: { start, end, text: text.slice(start, end), [control.valueKey]: labels },
  };
  return { id: stableHash([made, start]).slice(0, 10), ...made };
}
