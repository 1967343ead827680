/** What people can do with a job, by its state and kind. */
import type { Job } from '../../core/domain.ts';
import { EMBED } from '../embeddings/embed.ts';
import { TRAIN } from '../learning/retrain.ts';
import { MODEL_PRELABEL } from '../library/model-prelabel.ts';
import { MEDIA_FACTS } from '../rules/media-facts-job.ts';
import { BULK_LABEL } from '../spread/bulk.ts';
import { IMPORT } from '../transfer/import.ts';

export type JobAct = 'pause' | 'resume' | 'cancel' | 'retry';

/** Somebody waits for an import, and the others are one step each: they run through or are cancelled. */
const UNPAUSABLE: readonly string[] = [IMPORT, TRAIN, BULK_LABEL];
/** Asked again for single tasks, what they have made stays as it is. */
const RETRIES_ITEMS: readonly string[] = [EMBED, MODEL_PRELABEL, MEDIA_FACTS];

/** Nothing of it is left to go on with: neither rows nor the file. */
export function isTakenBack({ kind, state }: Pick<Job, 'kind' | 'state'>): boolean {
  return kind === IMPORT && state === 'cancelled';
}

export function actsOn(job: Job): JobAct[] {
  const { kind, state, failed, cancelRequested, pauseRequested } = job;
  if (state === 'paused') return ['resume', 'cancel'];
  if (isTakenBack(job)) return [];
  if (state === 'failed' || state === 'cancelled') return ['retry'];
  if (state === 'done') return failed > 0 && RETRIES_ITEMS.includes(kind) ? ['retry'] : [];
  if (cancelRequested) return [];
  if (pauseRequested) return ['resume', 'cancel'];
  return UNPAUSABLE.includes(kind) ? ['cancel'] : ['pause', 'cancel'];
}
