/** Binds the use cases to their ports: the inside of the house, put together once. */

import type { App } from './app.ts';
import type { Deps } from './deps.ts';
import { createEmbedHandler, EMBED } from './embeddings/embed.ts';
import { Matrices } from './embeddings/matrices.ts';
import { type JobHandler, JobRunner } from './jobs/job-runner.ts';
import { createJobs } from './jobs/jobs.ts';
import { Guesses } from './learning/guess.ts';
import { createInsights } from './learning/insights.ts';
import { Loops } from './learning/loops.ts';
import { createMap } from './learning/map.ts';
import { createMapHandler, MAP } from './learning/map-job.ts';
import { createModelFigures } from './learning/model-figures.ts';
import { createModels } from './learning/models.ts';
import { createOrders } from './learning/orders.ts';
import { createPredictHandler, PREDICT } from './learning/predict.ts';
import { createTrainHandler, TRAIN } from './learning/retrain.ts';
import { startRetrainSchedule } from './learning/schedule.ts';
import { createTraining } from './learning/training.ts';
import { createLibrary } from './library/library.ts';
import { createModelCompareHandler, MODEL_COMPARE } from './library/model-compare.ts';
import { createModelPrelabelHandler, MODEL_PRELABEL } from './library/model-prelabel.ts';
import { createModelPullHandler, MODEL_PULL } from './library/model-pull.ts';
import { createServing } from './library/serving.ts';
import { createMedia, withUploads } from './projects/media.ts';
import { createPeople } from './projects/people.ts';
import { ProjectConfigs } from './projects/project-config.ts';
import { createProjects } from './projects/projects.ts';
import { createRuns } from './projects/runs.ts';
import { createTasks } from './projects/tasks.ts';
import { createTemplates } from './projects/templates.ts';
import { createAnnotations } from './queue/annotate.ts';
import { createQueue } from './queue/queue.ts';
import { APPLY_RULES, createRulesHandler } from './rules/apply.ts';
import { createMediaFactsHandler, MEDIA_FACTS } from './rules/media-facts-job.ts';
import { createRules } from './rules/rules.ts';
import { withHeldImports } from './scripts/imports.ts';
import { createScripts } from './scripts/scripts.ts';
import { createSnapshotHandler, SNAPSHOT, withSnapshots } from './scripts/snapshots.ts';
import { BULK_LABEL, createBulkHandler } from './spread/bulk.ts';
import { createDuplicatesHandler, DUPLICATES, type FoundDuplicates } from './spread/duplicates.ts';
import { createNeighboursHandler, NEIGHBOURS } from './spread/neighbour-job.ts';
import { Neighbours, withNeighbours } from './spread/neighbours.ts';
import { createSpreadHandler, type Plans, SPREAD } from './spread/run.ts';
import { createSpansHandler, SPREAD_SPANS } from './spread/spans.ts';
import { createCorrections, createSpread } from './spread/spread.ts';
import { mediaThroughStudio } from './studio/media.ts';
import { createStudio } from './studio/studio.ts';
import { createLabelModelHandler, LABEL_MODEL, thenWeigh } from './suggestions/label-model.ts';
import { LabelModels } from './suggestions/label-models.ts';
import { createPredictions } from './suggestions/predictions.ts';
import { createPromoteHandler, createPromotion, PROMOTE } from './suggestions/promote.ts';
import { createSuggestions } from './suggestions/suggestions.ts';
import { createVoteSplits } from './suggestions/vote-split.ts';
import { createExport } from './transfer/export.ts';
import { createImport, createImportHandler, IMPORT } from './transfer/import.ts';

export function createApp(ports: Deps): App {
  const deps = { ...ports, media: mediaThroughStudio(ports) };
  const configs = new ProjectConfigs();
  const matrices = new Matrices(deps);
  const labelModels = new LabelModels(deps);
  const voteSplits = createVoteSplits(deps, labelModels);
  const suggestions = createSuggestions({ deps, configs, labelModels });
  const loops = new Loops(deps, matrices, configs);
  const neighbours = new Neighbours(deps, matrices, configs);
  const plans: Plans = new Map();
  const duplicates: FoundDuplicates = new Map();
  const closing = new AbortController();
  const jobs = createJobs(deps, loops, closing.signal);
  const projects = createProjects(deps, loops, matrices, configs);
  const studio = createStudio(deps, { loops, matrices, configs, projects, suggestions });
  const runner = new JobRunner({
    queue: deps.store.jobs,
    handlers: {
      [IMPORT]: createImportHandler(deps, loops, configs),
      [SNAPSHOT]: createSnapshotHandler(deps, suggestions),
      [EMBED]: createEmbedHandler(deps, loops, matrices, configs),
      [TRAIN]: studio.afterEvents(createTrainHandler(deps, loops, matrices)),
      [PREDICT]: thenWeigh(deps, createPredictHandler(deps, matrices, configs)),
      [APPLY_RULES]: thenWeigh(deps, createRulesHandler(deps, configs)),
      [PROMOTE]: createPromoteHandler(deps, loops, configs, suggestions),
      [NEIGHBOURS]: createNeighboursHandler(deps, neighbours),
      [SPREAD]: thenWeigh(deps, createSpreadHandler(deps, loops, neighbours, configs, plans)),
      [SPREAD_SPANS]: createSpansHandler(deps, configs),
      [DUPLICATES]: createDuplicatesHandler(deps, neighbours, configs, duplicates),
      [BULK_LABEL]: createBulkHandler(deps, loops, configs),
      [MEDIA_FACTS]: createMediaFactsHandler(deps, configs),
      [LABEL_MODEL]: createLabelModelHandler(deps, matrices, configs, labelModels),
      [MODEL_PRELABEL]: thenOrder(loops, thenWeigh(deps, createModelPrelabelHandler(deps, matrices, configs))),
      [MODEL_COMPARE]: createModelCompareHandler(deps, configs),
      [MODEL_PULL]: createModelPullHandler(deps),
      [MAP]: createMapHandler(deps, neighbours, matrices),
      ...studio.handlers,
    },
    longKinds: [
      SNAPSHOT,
      EMBED,
      PREDICT,
      APPLY_RULES,
      LABEL_MODEL,
      MEDIA_FACTS,
      PROMOTE,
      NEIGHBOURS,
      DUPLICATES,
      MODEL_PRELABEL,
      MODEL_COMPARE,
      MODEL_PULL,
      MAP,
      ...Object.keys(studio.handlers),
    ],
    tidyingKinds: [IMPORT, PREDICT, APPLY_RULES, PROMOTE, SPREAD, SPREAD_SPANS, BULK_LABEL],
    owner: deps.newId(),
    clock: deps.clock,
    log: deps.log,
  });
  runner.start();
  const stopSchedule = startRetrainSchedule(deps, loops, configs);
  const predictions = createPredictions(deps, loops, configs, suggestions);
  const importing = createImport(deps, configs, jobs);
  const { importTasks } = importing;
  const tasks = createTasks(deps, loops, neighbours, configs);
  const scripts = createScripts(deps, { configs, importing, tasks });
  return {
    projects: withHeldImports(
      withSnapshots(withUploads(withNeighbours(projects, neighbours, [plans, duplicates]), deps), scripts),
      scripts,
    ),
    tasks,
    scripts,
    transfer: { importTasks, ...createExport(deps, configs, suggestions), ...createTemplates() },
    media: createMedia(deps, configs, importTasks),
    queue: createQueue(deps, loops, { suggestions, guesses: new Guesses(deps, matrices), voteSplits }),
    annotations: createAnnotations(deps, loops, configs, createCorrections(deps, configs)),
    predictions,
    runs: createRuns(deps, loops),
    jobs,
    library: createLibrary(deps, configs),
    models: createModels(deps, loops, matrices, configs),
    people: createPeople(deps),
    insights: createInsights(deps, matrices, configs),
    learning: {
      ...createTraining(deps, loops, configs),
      ...createModelFigures(deps, matrices, configs),
      ...createOrders(deps, loops, voteSplits),
      ...createMap(deps, { loops, matrices, configs, predictions }),
    },
    rules: createRules(deps, configs),
    promotion: createPromotion(deps),
    spread: createSpread(deps, loops, configs, { neighbours, plans, duplicates, matrices, suggestions }),
    serving: createServing(deps),
    studio: studio.api,
    async close() {
      closing.abort();
      await studio.close();
      stopSchedule();
      await runner.stop();
      await loops.close();
      await matrices.close();
    },
  };
}

/** What the work predicted may order the queue. */
function thenOrder(loops: Loops, handler: JobHandler): JobHandler {
  return async (work) => {
    const output = await handler(work);
    await loops.predicted(work.job.projectId!);
    return output;
  };
}
