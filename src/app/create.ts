/** Binds the use cases to their ports: the inside of the house, put together once. */
import { createAnnotations } from './annotate.ts';
import type { App } from './app.ts';
import { BULK_LABEL, createBulkHandler } from './bulk.ts';
import type { Deps } from './deps.ts';
import { createDuplicatesHandler, DUPLICATES, type FoundDuplicates } from './duplicates.ts';
import { createEmbedHandler, EMBED } from './embed.ts';
import { createExport } from './export.ts';
import { Guesses } from './guess.ts';
import { createImport, createImportHandler, IMPORT } from './import.ts';
import { createInsights } from './insights.ts';
import { type JobHandler, JobRunner } from './job-runner.ts';
import { createJobs } from './jobs.ts';
import { createLabelModelHandler, LABEL_MODEL, thenWeigh } from './label-model.ts';
import { LabelModels } from './label-models.ts';
import { createMap } from './learning/map.ts';
import { createMapHandler, MAP } from './learning/map-job.ts';
import { createModelFigures } from './learning/model-figures.ts';
import { createOrders } from './learning/orders.ts';
import { startRetrainSchedule } from './learning/schedule.ts';
import { createTraining } from './learning/training.ts';
import { createLibrary } from './library.ts';
import { Loops } from './loops.ts';
import { Matrices } from './matrices.ts';
import { createMedia, withUploads } from './media.ts';
import { createMediaFactsHandler, MEDIA_FACTS } from './media-facts-job.ts';
import { createModelCompareHandler, MODEL_COMPARE } from './model-compare.ts';
import { createModelPrelabelHandler, MODEL_PRELABEL } from './model-prelabel.ts';
import { createModelPullHandler, MODEL_PULL } from './model-pull.ts';
import { createModels } from './models.ts';
import { createNeighboursHandler, NEIGHBOURS } from './neighbour-job.ts';
import { Neighbours, withNeighbours } from './neighbours.ts';
import { createPeople } from './people.ts';
import { createPredictHandler, PREDICT } from './predict.ts';
import { createPredictions } from './predictions.ts';
import { ProjectConfigs } from './project-config.ts';
import { createProjects } from './projects.ts';
import { createPromoteHandler, createPromotion, PROMOTE } from './promote.ts';
import { createQueue } from './queue.ts';
import { createTrainHandler, TRAIN } from './retrain.ts';
import { createRules } from './rules.ts';
import { APPLY_RULES, createRulesHandler } from './rules-apply.ts';
import { createRuns } from './runs.ts';
import { createScripts } from './scripts/scripts.ts';
import { createSnapshotHandler, SNAPSHOT, withSnapshots } from './scripts/snapshots.ts';
import { createServing } from './serving.ts';
import { createSpansHandler, SPREAD_SPANS } from './spans.ts';
import { createCorrections, createSpread } from './spread.ts';
import { createSpreadHandler, type Plans, SPREAD } from './spread-run.ts';
import { mediaThroughStudio } from './studio/media.ts';
import { createStudio } from './studio/studio.ts';
import { createSuggestions } from './suggestions.ts';
import { createTasks } from './tasks.ts';
import { createTemplates } from './templates.ts';
import { createVoteSplits } from './vote-split.ts';

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
  const jobs = createJobs(deps, closing.signal);
  const projects = createProjects(deps, loops, matrices, configs);
  const studio = createStudio(deps, { loops, matrices, configs, projects, suggestions });
  const runner = new JobRunner({
    queue: deps.store.jobs,
    handlers: {
      [IMPORT]: createImportHandler(deps, loops, configs),
      [SNAPSHOT]: createSnapshotHandler(deps, suggestions),
      [EMBED]: createEmbedHandler(deps, loops, matrices, configs),
      [TRAIN]: createTrainHandler(deps, loops, matrices),
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
    owner: deps.newId(),
    clock: deps.clock,
    log: deps.log,
  });
  runner.start();
  const stopSchedule = startRetrainSchedule(deps, loops, configs);
  const predictions = createPredictions(deps, loops, configs, suggestions);
  const importTasks = createImport(deps, loops, configs, jobs);
  const tasks = createTasks(deps, loops, neighbours, configs);
  const scripts = createScripts(deps, { configs, importTasks, tasks });
  return {
    projects: withSnapshots(withUploads(withNeighbours(projects, neighbours), deps), scripts),
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
    spread: createSpread(deps, loops, configs, { neighbours, plans, duplicates, matrices }),
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
