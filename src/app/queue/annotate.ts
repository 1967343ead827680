/** Answers of people: checked, held against what was shown, stored durably, and then taught to the head. */
import type { Annotation, Region, Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { checkResult, countDifference, diffResults, missingAnswers, outcomeOf } from '../../labelconfig/index.ts';
import type { Identity } from '../app.ts';
import type { Deps } from '../deps.ts';
import { learnFrom } from '../learning/learn.ts';
import type { Loops } from '../learning/loops.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import type { OnCorrection } from '../spread/spread.ts';
import type { AnnotationsApi, AnswerInput } from './api.ts';

const NOTE_LENGTH_MAX = 2_000;

export function createAnnotations(
  deps: Deps,
  loops: Loops,
  configs: ProjectConfigs,
  corrected: OnCorrection,
): AnnotationsApi {
  const { store, newId, clock } = deps;

  const readConfig = async (task: Task): Promise<ProjectConfig> =>
    configs.of(await found('project', task.projectId, store.projects.get(task.projectId)));

  const learn = (task: Task, since: number): void => learnFrom(deps, loops, configs, task, since);

  /** Asks for the task of an answer as it was handed out, with what was shown. */
  const sameLease = async (task: Task, { annotatorId, parentPrediction, blind }: Annotation) => {
    const { overlap, leaseSeconds } = (await loops.get(task.projectId)).project.settings;
    const shown = parentPrediction === null ? undefined : await store.predictions.get(parentPrediction);
    return {
      projectId: task.projectId,
      annotatorId,
      candidates: [task.id],
      overlap,
      expiresAt: clock.now() + 1000 * leaseSeconds,
      show: { taskId: task.id, prediction: shown ?? null, blind },
    };
  };

  return {
    async submit(input, who) {
      const task = await found('task', input.taskId, store.tasks.get(input.taskId));
      const result = checked(await readConfig(task), task, input);
      const shown = await shownTo(deps, task, input, who);
      const answer = await store.annotations.submit({
        projectId: task.projectId,
        taskId: task.id,
        annotatorId: who.annotatorId,
        result,
        skipped: input.skipped ?? false,
        groundTruth: input.groundTruth ?? false,
        visibleMs: input.visibleMs ?? null,
        via: input.via ?? 'api',
        parentPrediction: shown.predictionId,
        ...compare(shown.result, result, shown.blind),
        blind: shown.blind,
        blindResult: null,
        note: checkedNote(input.note ?? ''),
        submissionId: input.submissionId ?? newId(),
        runId: null,
      });
      if (answer.created) {
        const since = performance.now();
        const loop = await loops.peek(task.projectId);
        loop?.roster.giveBack(task.ordinal, who.annotatorId);
        learn(task, since);
      }
      return answer;
    },

    get: (id) => found('annotation', id, store.annotations.get(id)),

    async update(id, change) {
      const old = await found('annotation', id, store.annotations.get(id));
      const task = await found('task', old.taskId, store.tasks.get(old.taskId));
      const result =
        change.result === undefined
          ? old.result
          : checked(await readConfig(task), task, { ...change, result: change.result });
      const shown = old.parentPrediction === null ? null : await store.predictions.get(old.parentPrediction);
      // Whoever settles a doubt has seen what the model says: the blind comparison stays the one of the first answer, and
      // where that was a skip there is none.
      const inSight = old.blind && (change.groundTruth === true || old.blindResult !== null);
      const first = old.blindResult ?? (old.skipped ? null : old.result);
      const blind = old.blind && !inSight;
      const byHand = change.result !== undefined || change.groundTruth === true;
      const annotation = await store.annotations.update(id, {
        result,
        ...(inSight && first !== null
          ? { blindResult: first }
          : { blind, ...compare(shown?.result ?? null, result, blind) }),
        // A person has looked at it: no undo of a bulk act takes that away.
        ...(byHand ? { runId: null } : {}),
        ...(change.skipped === undefined ? {} : { skipped: change.skipped }),
        ...(change.groundTruth === undefined ? {} : { groundTruth: change.groundTruth }),
        ...(change.visibleMs === undefined ? {} : { visibleMs: change.visibleMs }),
        ...(change.note === undefined ? {} : { note: checkedNote(change.note) }),
      });
      learn(task, performance.now());
      corrected(task, old, annotation);
      return annotation;
    },

    async delete(id, options = {}) {
      const annotation = await found('annotation', id, store.annotations.get(id));
      const task = await found('task', annotation.taskId, store.tasks.get(annotation.taskId));
      const wanted = options.lease ? await sameLease(task, annotation) : null;
      // Writes of one turn share a transaction, in this order: nobody can lease the task in between.
      const [, handed] = await Promise.all([store.annotations.delete(id), wanted && store.leases.acquire(wanted)]);
      const loop = await loops.peek(task.projectId);
      if (wanted && handed) loop?.roster.lease(task.ordinal, wanted.annotatorId, wanted.expiresAt);
      learn(task, performance.now());
      corrected(task, annotation, null);
    },

    ofTask: (taskId) => store.annotations.ofTask(taskId),
    list: (projectId, page) => store.annotations.list(projectId, page),
    recent: (projectId, who, limit) => store.annotations.recent(projectId, who.annotatorId, limit),
  };
}

/**
 * The result with its clear slips repaired. Throws INPUT_BAD_RESULT naming the first region that cannot be, or the
 * required controls that are left open.
 */
function checked(config: ProjectConfig, task: Task, input: Pick<AnswerInput, 'result' | 'skipped'>): readonly Region[] {
  if (input.skipped) return [];
  const { regions, problems } = checkResult(config.parsed, task, input.result);
  const rejected = problems.find((problem) => !problem.repaired);
  if (rejected) {
    throw new AppError(
      'INPUT_BAD_RESULT',
      `Region ${rejected.index + 1} does not fit the label config: ${rejected.message}`,
      {
        details: { region: rejected.index, reason: rejected.message },
      },
    );
  }
  const missing = missingAnswers(config.parsed, task, regions);
  if (missing.length > 0) {
    const names = missing.map((name) => `"${name}"`).join(', ');
    throw new AppError(
      'INPUT_BAD_RESULT',
      `The label config requires an answer to ${names}; answer or skip the task.`,
      {
        details: { missing },
      },
    );
  }
  return regions;
}

function checkedNote(note: string): string {
  if (note.length <= NOTE_LENGTH_MAX) return note;
  throw new AppError('LIMIT_SIZE', `A note has at most ${NOTE_LENGTH_MAX} characters.`, { details: { field: 'note' } });
}

interface Shown {
  readonly predictionId: number | null;
  readonly result: readonly Region[] | null;
  readonly blind: boolean;
}

/** What the annotator had before them: known from the lease, whatever the page claims; without one, from the claim. */
async function shownTo({ store }: Deps, task: Task, input: AnswerInput, who: Identity): Promise<Shown> {
  const lease = await store.leases.get(task.id, who.annotatorId);
  const predictionId = lease ? lease.predictionId : (input.parentPrediction ?? null);
  const prediction = predictionId === null ? undefined : await store.predictions.get(predictionId);
  if (prediction && prediction.taskId !== task.id) {
    throw new AppError('INPUT_BAD_FIELD', `Prediction ${prediction.id} belongs to another task.`, {
      details: { field: 'parent_prediction' },
    });
  }
  return { predictionId: prediction?.id ?? null, result: prediction?.result ?? null, blind: lease?.blind ?? false };
}

/** On blind tasks the answer is unaided, and the difference is to the suggestion that stayed hidden. */
function compare(
  shown: readonly Region[] | null,
  result: readonly Region[],
  blind: boolean,
): Pick<Annotation, 'outcome' | 'difference'> {
  return {
    outcome: blind ? 'unaided' : outcomeOf(shown, result),
    difference: shown === null ? {} : { ...countDifference(diffResults(shown, result)) },
  };
}
