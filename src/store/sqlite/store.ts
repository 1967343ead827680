/** The metadata store on SQLite: two connections, one that writes and one that sees what is committed. */
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { annotationStore } from '../sql/annotations.ts';
import type { Context } from '../sql/context.ts';
import { imageHashStore } from '../sql/image-hashes.ts';
import { expireAllLeases, jobQueue } from '../sql/jobs.ts';
import { labelModelStore } from '../sql/label-models.ts';
import { labelerStore } from '../sql/labelers.ts';
import { labelStore } from '../sql/labels.ts';
import { leaseStore } from '../sql/leases.ts';
import { mediaFactStore } from '../sql/media-facts.ts';
import { modelStore } from '../sql/models.ts';
import { predictionStore } from '../sql/predictions.ts';
import { projectStore, purgeDeleted } from '../sql/projects.ts';
import { ruleStore } from '../sql/rules.ts';
import { runStore } from '../sql/runs.ts';
import { spreadStore } from '../sql/spread.ts';
import { studioStore } from '../sql/studio.ts';
import { taskStore } from '../sql/tasks.ts';
import { tokenStore } from '../sql/tokens.ts';
import { viewStore } from '../sql/views.ts';
import { voteStore } from '../sql/votes.ts';
import type { Store } from '../store.ts';
import { openCheckpoints } from './checkpoints.ts';
import { CommitQueue } from './commit.ts';
import { database } from './dialect.ts';
import { migrate } from './migrate.ts';
import { type Connection, openDatabase } from './open.ts';

/** Opens the database file, creating or migrating it. The caller holds the lock of the data folder. */
export async function openSqliteStore(file: string, clock: Clock): Promise<Store> {
  const writer = openDatabase(file);
  try {
    migrate(writer);
  } catch (error) {
    writer.close();
    throw error;
  }
  const reader = openDatabase(file, { readOnly: true });
  const checkpoints = openCheckpoints(file);
  const commits = new CommitQueue(writer, database(writer), checkpoints.run);
  const context: Context = { engine: { reader: database(reader), write: commits.write }, clock };
  const jobs = jobQueue(context);
  await expireAllLeases(context);
  await purgeDeleted(context);
  return {
    projects: projectStore(context),
    tasks: taskStore(context),
    annotations: annotationStore(context),
    predictions: predictionStore(context),
    labels: labelStore(context),
    votes: voteStore(context),
    rules: ruleStore(context),
    runs: runStore(context),
    spread: spreadStore(context),
    labelers: labelerStore(context),
    leases: leaseStore(context),
    models: modelStore(context),
    labelModels: labelModelStore(context),
    mediaFacts: mediaFactStore(context),
    imageHashes: imageHashStore(context),
    views: viewStore(context),
    tokens: tokenStore(context),
    jobs,
    studio: studioStore(context, jobs.enqueueWith),
    integrityProblems: async () => integrityProblems(reader),
    close: async () => {
      await commits.close();
      await checkpoints.close();
      reader.close();
      writer.close();
    },
  };
}

const PROBLEMS_MAX = 100;

/** Damage can be such that the check itself cannot run; that is a finding too. */
function integrityProblems(connection: Connection): string[] {
  try {
    return [...pageProblems(connection), ...keyProblems(connection)];
  } catch (error) {
    if (error instanceof AppError && error.code === 'STORE_CORRUPT') return [error.message];
    throw error;
  }
}

function pageProblems(connection: Connection): string[] {
  const { rows } = connection.run(`pragma integrity_check(${PROBLEMS_MAX})`, []);
  return (rows as { integrity_check: string }[]).map((row) => row.integrity_check).filter((text) => text !== 'ok');
}

function keyProblems(connection: Connection): string[] {
  const { rows } = connection.run('pragma foreign_key_check', []);
  return (rows as { table: string; rowid: number; parent: string }[])
    .slice(0, PROBLEMS_MAX)
    .map((row) => `${row.table} row ${row.rowid} names a missing row of ${row.parent}`);
}
