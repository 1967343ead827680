/** What follows an answer, wherever it was given: a new order, a training when one is due, a call to a trainer elsewhere. */
import type { Task } from '../../core/domain.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import { callTrainerWhenDue } from '../studio/trainer.ts';
import type { Loops } from './loops.ts';
import { retrainWhenDue } from './retrain.ts';

/** The answer is stored already: learning from it must neither delay nor fail it. */
export function learnFrom(deps: Deps, loops: Loops, configs: ProjectConfigs, task: Task, since: number): void {
  const { store, log } = deps;
  // The policy in force when the answer came: one that is changed while the order is made speaks for later answers.
  Promise.all([store.projects.get(task.projectId), loops.answered(task, since)])
    .then(async ([project]) => {
      if (!project) return;
      await retrainWhenDue(deps, loops, { project, config: configs.of(project) });
      await callTrainerWhenDue(deps, project.id);
    })
    .catch((error: unknown) =>
      log.error({ taskId: task.id, error: String(error) }, 'the order could not be refreshed'),
    );
}
