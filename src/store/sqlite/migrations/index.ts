/** The migrations in order, forward only: a new one is appended, a released one never changes. */
import { start } from './0001-start.ts';
import { rules } from './0002-rules.ts';
import { labelModels } from './0003-label-models.ts';
import { studio } from './0004-studio.ts';
import { retrain } from './0005-retrain.ts';
import { spread } from './0006-spread.ts';
import { studioAnswers } from './0007-studio-answers.ts';
import { mediaFacts } from './0008-media-facts.ts';
import { jobs } from './0009-jobs.ts';
import { imageHashes } from './0010-image-hashes.ts';
import { blindResults } from './0011-blind-results.ts';
import { views } from './0012-views.ts';
import { predictionCounts } from './0013-prediction-counts.ts';
import { factsByFile } from './0014-facts-by-file.ts';

export const MIGRATIONS: readonly string[] = [
  start,
  rules,
  labelModels,
  studio,
  retrain,
  spread,
  studioAnswers,
  mediaFacts,
  jobs,
  imageHashes,
  blindResults,
  views,
  predictionCounts,
  factsByFile,
];

/** What this version of the program writes. A data folder with a higher number is refused. */
export const SCHEMA_VERSION = MIGRATIONS.length;
