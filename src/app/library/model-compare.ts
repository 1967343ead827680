/** Two versions asked the same tasks: how often they agree, and where they do not. */
import type { InferenceResult } from '../../backends/backend.ts';
import type { Region } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import { type Control, diffResults, namesIn } from '../../labelconfig/index.ts';
import { itemOutputs, regionsOf } from '../../regions/index.ts';
import type { Deps } from '../deps.ts';
import { itemGroups } from '../jobs/inference-items.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import { found } from '../lookup.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import { fitModel } from './model-fit.ts';
import { inputsOf } from './model-inputs.ts';

export const MODEL_COMPARE = 'compare-models';

/** Where versions differ is a list to look at, not an export. */
const DIFFERENCES_LISTED = 200;
const PAGE = 500;

/** Same labels at the same places. Scores may differ, and so may boxes by a hair. */
export function answersAgree(a: readonly Region[], b: readonly Region[]): boolean {
  return diffResults(a, b).every(({ change }) => change === 'accepted');
}

export function createModelCompareHandler(deps: Deps, configs: ProjectConfigs) {
  return async (work: JobWork): Promise<Json> => {
    const { store, library, inference, media } = deps;
    const { control: name, from, to, limit } = work.job.params;
    const project = await found('project', work.job.projectId!, store.projects.get(work.job.projectId!));
    const { parsed } = configs.of(project);
    const control = parsed.controls.find((one) => one.name === name);
    const sides = [from, to].map((id) => {
      const { info } = library.get(String(id));
      const fit = control && fitModel(parsed, control, info);
      if (!fit) throw new AppError('CONFLICT', `${info.id} does not fit the control "${String(name)}".`);
      return { info, binding: fit.binding };
    });
    const [first, second] = sides as [(typeof sides)[number], (typeof sides)[number]];
    const differing: { task: number; from: string; to: string }[] = [];
    let compared = 0;
    let agreed = 0;
    let failed = 0;
    let seen = 0;
    const total = Math.min(Number(limit), (await store.projects.counts(project.id)).tasks);
    for (let after = 0; seen < total; ) {
      const tasks = await store.tasks.list(project.id, { after, limit: Math.min(PAGE, total - seen) });
      if (tasks.length === 0) break;
      after = tasks.at(-1)!.id;
      for await (const group of itemGroups(media, inputsOf(first.binding), tasks, work.signal)) {
        throwIfStopped(work.signal);
        const results: InferenceResult[] = [];
        // One after the other: a group is as much as should wait for models at a time.
        for (const { info } of sides) {
          results.push(await inference.run(info.id, group.items, { lane: 'bulk', signal: work.signal }));
        }
        const bad = new Set(results.flatMap((result) => result.failed.map(({ index }) => index)));
        group.tasks.forEach((task, i) => {
          if (bad.has(i)) return;
          const [a, b] = [first, second].map(({ info, binding }, side) =>
            regionsOf(binding, { data: task.data }, itemOutputs(info.outputs, results[side]!.outputs, i)),
          );
          compared += 1;
          if (answersAgree(a!.regions, b!.regions)) agreed += 1;
          else if (differing.length < DIFFERENCES_LISTED) {
            differing.push({ task: task.id, from: inWords(control!, a!.regions), to: inWords(control!, b!.regions) });
          }
        });
        failed += bad.size + group.failed.length;
        seen += group.tasks.length + group.failed.length;
        await work.progress({ stage: 'comparing', done: seen, total });
      }
    }
    return { from: first.info.id, to: second.info.id, control: control!.name, compared, agreed, failed, differing };
  };
}

/** `2 x cat, dog` */
function inWords(control: Control, regions: readonly Region[]): string {
  const counts = new Map<string, number>();
  for (const name of regions.flatMap((region) => namesIn(region, control.valueKey))) {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const words = [...counts].map(([name, count]) => (count > 1 ? `${count} x ${name}` : name));
  return words.join(', ') || 'nothing';
}
