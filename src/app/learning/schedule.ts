/** The clock of training schedules: looks now and then at the projects that have one. */
import type { Deps } from '../deps.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import type { Loops } from './loops.ts';
import { retrainWhenDue } from './retrain.ts';

/** Schedules count in hours: a minute late is on time. */
const LOOK_MS = 60_000;

/** Returns what stops it. */
export function startRetrainSchedule(deps: Deps, loops: Loops, configs: ProjectConfigs): () => void {
  const timer = setInterval(() => {
    lookAtSchedules(deps, loops, configs).catch((error: unknown) =>
      deps.log.error({ error: String(error) }, 'the training schedules could not be looked at'),
    );
  }, LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

export async function lookAtSchedules(deps: Deps, loops: Loops, configs: ProjectConfigs): Promise<void> {
  for (const project of await deps.store.projects.list({ archived: false })) {
    if (project.settings.retrainEveryHours === 0) continue;
    try {
      await retrainWhenDue(deps, loops, { project, config: configs.of(project) });
    } catch (error) {
      // One project that cannot train keeps no other from it.
      deps.log.error({ project: project.id, error: String(error) }, 'a training schedule could not be looked at');
    }
  }
}
