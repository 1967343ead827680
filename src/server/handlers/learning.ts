/** The training policy, the order before and after a change, and figures of the model. */
import type { App } from '../../app/app.ts';
import type { ModelFigures, RankedTask, TrainingPlan } from '../../app/learning/api.ts';
import type { ShareWithInterval } from '../../app/learning/insights-api.ts';
import type { Handlers } from '../bind.ts';
import type { learningRoutes, ModelFiguresWire, TrainingPlanWire } from '../contract/learning.ts';
import { taskWire } from '../wire.ts';
import { jobWire } from '../wire-work.ts';

/** What somebody compares by eye. */
const COMPARED = 20;

export function learningHandlers({ learning }: App): Handlers<keyof typeof learningRoutes> {
  return {
    trainingPlan: async ({ params }) => planWire(await learning.trainingPlan(params.project_id)),
    async trainingAsk({ params }) {
      const { plan, job } = await learning.askToTrain(params.project_id);
      return { plan: planWire(plan), job: job && jobWire(job) };
    },
    modelFigures: async ({ params, query }) =>
      figuresWire(await learning.modelFigures(params.project_id, query.of ?? 'blind')),
    strategyList: async () =>
      learning.strategies().map(({ singleChoiceOnly, ...rest }) => ({ ...rest, single_choice_only: singleChoiceOnly })),
    async queueCompare({ params, query }) {
      const limit = query.limit ?? COMPARED;
      const { before, after } = await learning.compareOrders(params.project_id, query.query_strategy, limit);
      return { before: before.map(rankedWire), after: after.map(rankedWire) };
    },
  };
}

function planWire({ wouldTrain, sentence, rules, obstacle, jobId, labels }: TrainingPlan): TrainingPlanWire {
  return { would_train: wouldTrain, sentence, rules: rules.map((rule) => ({ ...rule })), obstacle, job: jobId, labels };
}

function rankedWire({ task, reason }: RankedTask) {
  return { task: taskWire(task), reason };
}

function figuresWire(figures: ModelFigures): ModelFiguresWire {
  const { version, of, n, needed, labels, accuracy, macroF1, calibrationError } = figures;
  const { perLabel, confusion, calibration } = figures;
  return {
    version,
    of,
    n,
    needed,
    labels: [...labels],
    accuracy: shareWire(accuracy),
    macro_f1: macroF1,
    calibration_error: calibrationError,
    per_label: perLabel.map((one) => ({
      label: one.label,
      precision: shareWire(one.precision),
      recall: shareWire(one.recall),
    })),
    confusion: confusion === null ? null : confusion.map(({ taskIds, ...cell }) => ({ ...cell, tasks: [...taskIds] })),
    calibration: calibration.map(({ hits, ...bin }) => ({ ...bin, correct: hits })),
  };
}

function shareWire(share: ShareWithInterval | null) {
  if (share === null) return null;
  const { hits, ...rest } = share;
  return { ...rest, correct: hits };
}
