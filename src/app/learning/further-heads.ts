/**
 * Heads of further controls. The first control's learner orders the queue; every other classification control gets a
 * head on the same rows, fitted at each training from what the same answers say about it, and predicted beside the first.
 */
import type { Answer, TrainedHead } from '../../compute/compute.ts';
import type { Annotation } from '../../core/domain.ts';
import { groupBy } from '../../core/group.ts';
import type { Deps } from '../deps.ts';
import { type Matrices, readRows } from '../embeddings/matrices.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { lessonOf, promotionRuns } from '../queue/answers.ts';
import type { Loop } from './loop.ts';

/** Answers carry whole results: fewer at once, so that reading them stalls nobody. */
const ANSWERS_CHUNK = 500;

/** Fits a head for each further control. Null where the answers hold fewer than two of its labels. */
export async function trainFurther(
  deps: Deps,
  matrices: Matrices,
  loop: Loop,
): Promise<{ config: ProjectConfig; trained: TrainedHead | null }[]> {
  const { further } = loop.config;
  if (further.length === 0) return [];
  const answers = await answersByOrdinal(deps, loop);
  const heads: { config: ProjectConfig; trained: TrainedHead | null }[] = [];
  for (const config of further) heads.push({ config, trained: await trainOne(deps, matrices, loop, config, answers) });
  return heads;
}

/** By ordinal; `promotions`: runs whose answers nobody has given by hand. */
interface Answers {
  readonly of: ReadonlyMap<number, readonly Annotation[]>;
  readonly promotions: ReadonlySet<number>;
}

async function answersByOrdinal({ store }: Deps, loop: Loop): Promise<Answers> {
  const all: Annotation[] = [];
  for (let after = 0; ; ) {
    const page = await store.annotations.list(loop.project.id, { after, limit: ANSWERS_CHUNK });
    if (page.length === 0) break;
    all.push(...page);
    after = page.at(-1)!.id;
  }
  const byTask = groupBy(all, (one) => one.taskId);
  const tasks = [...loop.roster.tasks()].filter(([, id]) => byTask.has(id));
  const of = new Map(tasks.map(([ordinal, id]) => [ordinal, byTask.get(id)!]));
  return { of, promotions: await promotionRuns(store, loop.project.id) };
}

/** A learner of its own for as long as the fit takes, with the answered rows only. */
async function trainOne(
  { compute }: Deps,
  matrices: Matrices,
  { project, embedder }: Loop,
  config: ProjectConfig,
  all: Answers,
): Promise<TrainedHead | null> {
  const tensor = await matrices.embeddings(project.id, embedder);
  const answers = [...all.of].flatMap(([ordinal, annotations]): (Answer & { proven: boolean })[] => {
    if (!tensor.has(ordinal)) return [];
    const { shares, proven } = lessonOf(config, annotations, all.promotions);
    return shares === null ? [] : [{ ordinal, shares, proven }];
  });
  if (answers.length === 0) return null;
  answers.sort((a, b) => a.ordinal - b.ordinal);
  const ordinals = Uint32Array.from(answers, ({ ordinal }) => ordinal);
  const learner = await compute.openLearner({
    dim: tensor.columns,
    classes: config.classes,
    multiple: config.control!.multiple,
    seed: project.settings.seed,
    // It is never asked for an order.
    strategy: 'random',
    expectedRows: answers.length,
  });
  try {
    await learner.addRows(ordinals, await readRows(tensor, ordinals));
    await learner.answer(answers);
    await learner.settle();
    return await learner.train(ordinals.filter((_, i) => !answers[i]!.proven));
  } finally {
    await learner.close();
  }
}
