/** The training policy asked from outside: what it would do now and why, and doing it. */
import type { Job, Project } from '../../core/domain.ts';
import { CROSS_VALIDATION_MIN } from '../../heads/index.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import type { LearningApi, TrainingPlan } from './api.ts';
import type { Loop } from './loop.ts';
import type { Loops } from './loops.ts';
import { NO_CHOICES, retrainFacts, retrainWhenDue, TOO_FEW_ANSWERS, TRAIN } from './retrain.ts';
import { type RetrainRule, retrainRules } from './retrain-policy.ts';

/** Jobs looked through for one that waits or runs. */
const RECENT_JOBS = 100;

export function createTraining(
  deps: Deps,
  loops: Loops,
  configs: ProjectConfigs,
): Pick<LearningApi, 'trainingPlan' | 'askToTrain'> {
  const { store } = deps;
  const planOf = async (project: Project): Promise<TrainingPlan> =>
    loops.use(project.id, async (loop) => {
      const facts = await retrainFacts(deps, project, loop);
      const rules = retrainRules(project.settings, facts);
      const job = (await store.jobs.list({ projectId: project.id, limit: RECENT_JOBS })).find(isTraining);
      const obstacle = await obstacleTo(loop);
      const wouldTrain = obstacle?.fatal !== true && rules.some((rule) => rule.met);
      return {
        wouldTrain,
        sentence: sentenceOf(wouldTrain, rules, obstacle?.sentence ?? null),
        rules,
        obstacle: obstacle?.sentence ?? null,
        jobId: job?.id ?? null,
        labels: facts.labels,
      };
    });
  return {
    trainingPlan: async (projectId) => planOf(await found('project', projectId, store.projects.get(projectId))),

    async askToTrain(projectId) {
      const project = await found('project', projectId, store.projects.get(projectId));
      const plan = await planOf(project);
      const job = plan.wouldTrain ? await retrainWhenDue(deps, loops, { project, config: configs.of(project) }) : null;
      return { plan, job: job ?? null };
    },
  };
}

function isTraining({ kind, state }: Job): boolean {
  return kind === TRAIN && (state === 'queued' || state === 'running');
}

/** `fatal`: a training would come to nothing. */
async function obstacleTo(loop: Loop): Promise<{ fatal: boolean; sentence: string } | null> {
  if (loop.config.control === null) {
    return { fatal: true, sentence: NO_CHOICES };
  }
  const { labels, contrasting } = await loop.labelState();
  if (labels === 0) return { fatal: true, sentence: 'No embedded task has an answer yet.' };
  if (!contrasting || labels < CROSS_VALIDATION_MIN) return { fatal: true, sentence: TOO_FEW_ANSWERS };
  const pinned = loop.project.settings.pinnedVersion !== null;
  return pinned ? { fatal: false, sentence: 'A version is pinned: a new one would be kept, but not served.' } : null;
}

function sentenceOf(wouldTrain: boolean, rules: readonly RetrainRule[], obstacle: string | null): string {
  const because = rules.filter((rule) => rule.met === wouldTrain).map((rule) => rule.sentence);
  if (wouldTrain) return ['Would train now.', ...because, ...(obstacle === null ? [] : [obstacle])].join(' ');
  if (obstacle !== null) return `Would not train now. ${obstacle}`;
  if (rules.length === 0) return 'Would not train by itself: every rule of the policy is off. Training by hand works.';
  return `Would not train now. ${because.join(' ')}`;
}
