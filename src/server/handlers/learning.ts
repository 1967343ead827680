/** The training policy, the order before and after a change, and figures of the model. */
import type { App } from '../../app/app.ts';
import type { TrainingPlan } from '../../app/learning/api.ts';
import type { Handlers } from '../bind.ts';
import type { learningRoutes, TrainingPlanWire } from '../contract/learning.ts';
import { jobWire } from '../wire-work.ts';

export function learningHandlers({ learning }: App): Handlers<keyof typeof learningRoutes> {
  return {
    trainingPlan: async ({ params }) => planWire(await learning.trainingPlan(params.project_id)),
    async trainingAsk({ params }) {
      const { plan, job } = await learning.askToTrain(params.project_id);
      return { plan: planWire(plan), job: job && jobWire(job) };
    },
  };
}

function planWire({ wouldTrain, sentence, rules, obstacle, jobId, labels }: TrainingPlan): TrainingPlanWire {
  return { would_train: wouldTrain, sentence, rules: rules.map((rule) => ({ ...rule })), obstacle, job: jobId, labels };
}
