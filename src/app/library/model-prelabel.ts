/** Pre-labeling by a registered model: what one version says of every task, as votes or regions of one undoable run. */
import type { ModelInfo } from '../../backends/backend.ts';
import type { Job, Project, Run, Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { type Json, stableHash } from '../../core/json.ts';
import { choicesOfResult } from '../../labelconfig/index.ts';
import { itemOutputs, regionsOf, type SuggestedRegions } from '../../regions/index.ts';
import type { Tensor } from '../../store/tensors.ts';
import type { Deps } from '../deps.ts';
import { type Matrices, readRows } from '../embeddings/matrices.ts';
import { itemGroups } from '../jobs/inference-items.ts';
import { type JobWork, refuseRetry, throwIfStopped } from '../jobs/job-runner.ts';
import { ordinalChunks } from '../jobs/ordinal-chunks.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import { answersAgree } from './model-compare.ts';
import { fitModel, type ModelFit, PROMPTED } from './model-fit.ts';
import { inputsOf } from './model-inputs.ts';

export const MODEL_PRELABEL = 'prelabel-by-model';

/** A job per bound control. Tasks that its model has seen already cost next to nothing. */
export async function enqueueModelPrelabels({ store, library }: Deps, project: Project): Promise<Job[]> {
  const jobs: Job[] = [];
  for (const [control, name] of Object.entries(project.settings.models ?? {})) {
    const model = library.get(name).info.id;
    const params = { control, model };
    const dedupeKey = `${MODEL_PRELABEL}/${project.id}/${control}/${model}`;
    jobs.push(await store.jobs.enqueue({ kind: MODEL_PRELABEL, projectId: project.id, params, dedupeKey }));
  }
  return jobs;
}

export function createModelPrelabelHandler(deps: Deps, matrices: Matrices, configs: ProjectConfigs) {
  return async (work: JobWork): Promise<Json> => {
    const project = await found('project', work.job.projectId!, deps.store.projects.get(work.job.projectId!));
    const config = configs.of(project);
    const model = deps.library.get(String(work.job.params.model)).info;
    const name = String(work.job.params.control);
    const control = config.parsed.controls.find((one) => one.name === name);
    const fit = control && fitModel(config.parsed, control, model);
    const nothing = (reason: string): Json => {
      refuseRetry(work, reason);
      return { model: model.id, control: name, predicted: 0, reason };
    };
    if (model.kind === PROMPTED) return nothing('the model answers clicks, one at a time');
    if (!fit) return nothing('the model no longer fits the control');
    const of = { projectId: project.id, key: stableHash([name, model.id]).slice(0, KEY_CHARS) };
    return matrices.withAnsweredBy(of, (marks) =>
      new Prelabel(deps, work, { project, config, model, fit, marks }).run(),
    );
  };
}

const KEY_CHARS = 12;

interface Assignment {
  readonly project: Project;
  readonly config: ProjectConfig;
  readonly model: ModelInfo;
  readonly fit: ModelFit;
  /** One column: the run that holds the answer for the task of this ordinal. */
  readonly marks: Tensor;
}

/** One job at work. */
class Prelabel {
  readonly #deps: Deps;
  readonly #work: JobWork;
  readonly #on: Assignment;
  #run: Run | undefined;
  /** The run was begun by an earlier attempt: a chunk of it may be written and not marked. */
  #resumed = false;
  #labelIds: ReadonlyMap<string, number> = new Map();
  #predicted = 0;
  /** Answers of this run that an earlier attempt has marked. */
  #markedBefore = 0;
  #shadowed = { compared: 0, agreed: 0, failed: 0 };

  constructor(deps: Deps, work: JobWork, on: Assignment) {
    this.#deps = deps;
    this.#work = work;
    this.#on = on;
  }

  async run(): Promise<Json> {
    const { store } = this.#deps;
    const { project, model, fit } = this.#on;
    const runs = await this.#ownRuns();
    this.#run = runs.find((run) => run.state === 'running');
    this.#resumed = this.#run !== undefined;
    this.#labelIds = await this.#syncLabels();
    const standing = new Set(runs.map((run) => run.id));
    const total = this.#work.only?.length ?? (await store.projects.counts(project.id)).tasks;
    let done = 0;
    let reused = 0;
    let failed = 0;
    const report = () => this.#work.progress({ stage: model.name, done, total: Math.max(total, done), reused });
    for await (const ordinals of ordinalChunks(this.#deps, project.id, this.#work.only)) {
      throwIfStopped(this.#work.signal);
      const open = await this.#unanswered(ordinals, standing);
      const tasks = await store.tasks.byOrdinals(project.id, open);
      reused += ordinals.length - tasks.length;
      done += ordinals.length - tasks.length;
      for await (const group of itemGroups(this.#deps.media, inputsOf(fit.binding), tasks, this.#work.signal)) {
        throwIfStopped(this.#work.signal);
        for (const { taskId, error } of group.failed) await this.#work.itemFailed(taskId, error);
        const answered = await this.#answer(group.tasks, group.items);
        failed += group.failed.length + group.tasks.length - answered;
        done += group.tasks.length + group.failed.length;
        await report();
      }
      if (tasks.length === 0) await report();
    }
    const finished = await this.#finish();
    const shadow = this.#shadow();
    return {
      model: model.id,
      control: fit.binding.control.name,
      predicted: this.#predicted,
      failed,
      runId: finished?.id ?? null,
      unmapped: [...fit.view.unmappedClasses],
      ...(shadow ? { shadow: { model: shadow.id, ...this.#shadowed } } : {}),
    };
  }

  async #ownRuns(): Promise<Run[]> {
    const { project, model, fit } = this.#on;
    const runs = await this.#deps.store.runs.list(project.id);
    const control = fit.binding.control.name;
    return runs.filter(({ kind, revokedAt, params }) => {
      return kind === 'prelabel' && revokedAt === null && params.model === model.id && params.control === control;
    });
  }

  /** Ordinals without an answer in a run that stands: an undone run has given its tasks back. */
  async #unanswered(ordinals: Uint32Array, standing: ReadonlySet<number>): Promise<number[]> {
    const marks = await readRows(this.#on.marks, ordinals);
    this.#markedBefore += marks.filter((run) => run === this.#run?.id).length;
    return Array.from(ordinals).filter((ordinal, i) => !this.#on.marks.has(ordinal) || !standing.has(marks[i]!));
  }

  async #syncLabels(): Promise<ReadonlyMap<string, number>> {
    const { control } = this.#on.fit.binding;
    const names = control.labels.map((label) => label.name);
    const labels = await this.#deps.store.labels.sync(this.#on.project.id, control.name, names);
    return new Map(labels.map((label) => [label.value, label.id]));
  }

  /** Returns how many were answered; what failed is listed with the job and asked again by the next one. */
  async #answer(tasks: readonly Task[], items: Parameters<Deps['inference']['run']>[1]): Promise<number> {
    if (tasks.length === 0) return 0;
    const { inference } = this.#deps;
    const { model, marks } = this.#on;
    const options = { lane: 'bulk', signal: this.#work.signal } as const;
    const result = await inference.run(model.id, items, options);
    const bad = new Map(result.failed.map(({ index, error }) => [index, error]));
    for (const [index, error] of bad) await this.#work.itemFailed(tasks[index]!.id, AppError.fromPlain(error));
    const answers = tasks.flatMap((task, i) => {
      if (bad.has(i)) return [];
      const outputs = itemOutputs(model.outputs, result.outputs, i);
      return [{ task, index: i, says: regionsOf(this.#on.fit.binding, { data: task.data }, outputs) }];
    });
    this.#run ??= await this.#start();
    await this.#write(this.#run, answers);
    // Marked last: what a crash leaves unmarked is asked again, and written once all the same.
    await marks.write(
      Uint32Array.from(answers, ({ task }) => task.ordinal),
      Float32Array.from(answers, () => this.#run!.id),
    );
    this.#predicted += answers.length;
    await this.#compareWithShadow(answers, items);
    return answers.length;
  }

  async #start(): Promise<Run> {
    const { project, model, fit } = this.#on;
    const labeler = await this.#deps.store.labelers.ensure('model', model.name, model.version);
    return this.#deps.store.runs.start({
      projectId: project.id,
      kind: 'prelabel',
      labelerId: labeler.id,
      summary: `Pre-labeled "${fit.binding.control.name}" by ${model.id}`,
      params: { model: model.id, control: fit.binding.control.name, versionId: null },
    });
  }

  /** Classes are votes, which the label model weighs; regions are predictions, kept word for word. */
  async #write(run: Run, answers: readonly Answer[]): Promise<void> {
    const { store } = this.#deps;
    const { control } = this.#on.fit.binding;
    if (control.kind === 'classification') {
      const votes = answers.flatMap(({ task, says }) =>
        choicesOfResult(control, says.regions).map((name) => {
          return { taskId: task.id, ordinal: task.ordinal, labelId: this.#labelIds.get(name)!, score: says.score ?? 0 };
        }),
      );
      if (votes.length > 0) await store.votes.write(run.id, votes);
      return;
    }
    const there = this.#resumed ? await this.#writtenBefore(run, answers) : new Set<number>();
    const rows = answers
      .filter(({ task }) => !there.has(task.id))
      .map(({ task, says }) => ({
        projectId: task.projectId,
        taskId: task.id,
        ordinal: task.ordinal,
        labelerId: run.labelerId!,
        runId: run.id,
        result: says.regions,
        score: says.score,
      }));
    if (rows.length > 0) await store.predictions.add(rows);
  }

  async #writtenBefore(run: Run, answers: readonly Answer[]): Promise<Set<number>> {
    const stored = await this.#deps.store.predictions.ofTasks(answers.map(({ task }) => task.id));
    return new Set(stored.filter((one) => one.runId === run.id).map((one) => one.taskId));
  }

  #shadow(): ModelInfo | undefined {
    return this.#deps.library.list().find(({ shadow, info }) => shadow && info.name === this.#on.model.name)?.info;
  }

  /** The shadow is asked the same items; what it says is counted and shown to nobody, and its faults hold up nothing. */
  async #compareWithShadow(answers: readonly Answer[], items: Parameters<Deps['inference']['run']>[1]): Promise<void> {
    const shadow = this.#shadow();
    const { control } = this.#on.fit.binding;
    const fit = shadow && fitModel(this.#on.config.parsed, control, shadow);
    if (!fit) return;
    const agrees: boolean[] = [];
    try {
      const result = await this.#deps.inference.run(shadow.id, items, { lane: 'bulk', signal: this.#work.signal });
      const bad = new Set(result.failed.map(({ index }) => index));
      for (const { task, index, says } of answers) {
        if (bad.has(index)) continue;
        const outputs = itemOutputs(shadow.outputs, result.outputs, index);
        const other = regionsOf(fit.binding, { data: task.data }, outputs);
        agrees.push(answersAgree(says.regions, other.regions));
      }
    } catch (error) {
      if (this.#work.signal.aborted) throw error;
    }
    this.#shadowed.compared += agrees.length;
    this.#shadowed.agreed += agrees.filter((agreed) => agreed).length;
    this.#shadowed.failed += answers.length - agrees.length;
  }

  async #finish(): Promise<Run | undefined> {
    if (!this.#run) return undefined;
    const { written } = await found('run', this.#run.id, this.#deps.store.runs.get(this.#run.id));
    // Votes count themselves as they are written.
    const { control } = this.#on.fit.binding;
    const total = control.kind === 'classification' ? written : this.#markedBefore + this.#predicted;
    return this.#deps.store.runs.finish(this.#run.id, 'done', total);
  }
}

interface Answer {
  readonly task: Task;
  /** Place among the items of the call. */
  readonly index: number;
  readonly says: SuggestedRegions;
}
