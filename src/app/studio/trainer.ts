/** Training happens elsewhere: a signed call to the user's trainer whenever there is enough that is new. */
import { createHmac } from 'node:crypto';
import type { Trainer } from '../../core/connection.ts';
import { AppError } from '../../core/errors.ts';
import type { Json } from '../../core/json.ts';
import type { Deps } from '../deps.ts';
import type { JobWork } from '../jobs/job-runner.ts';
import { patiently } from './push.ts';

export const CALL_TRAINER = 'call-trainer';

const CALL_MS = 10_000;

/** After each answer: cheap when no trainer is set or too little is new. */
export async function callTrainerWhenDue({ store }: Pick<Deps, 'store'>, projectId: number): Promise<void> {
  const trainer = await store.studio.trainer(projectId);
  if (!trainer) return;
  const count = await countFor(store, trainer);
  // What was taken back since is not waited for a second time.
  if (count < trainer.calledAt) return store.studio.recount(trainer, count);
  if (count < trainer.calledAt + trainer.every) return;
  await store.studio.claimCall(trainer, count, {
    kind: CALL_TRAINER,
    projectId,
    params: { count },
    dedupeKey: `${CALL_TRAINER}/${projectId}`,
  });
}

export async function countFor(store: Deps['store'], { projectId, counts }: Trainer): Promise<number> {
  const all = await store.projects.counts(projectId);
  return counts === 'verified' ? all.groundTruth : all.labeledTasks;
}

/** Delivered at least once: the trainer tells repeated calls by their `delivery`. */
export function createTrainerHandler(deps: Deps) {
  return async (work: JobWork): Promise<Json> => {
    const projectId = work.job.projectId!;
    const trainer = await deps.store.studio.trainer(projectId);
    if (!trainer) return { called: false, reason: 'No trainer is set any more.' };
    const body = JSON.stringify({
      action: 'HEADSTART_TRAIN',
      delivery: String(work.job.id),
      project: projectId,
      counts: trainer.counts,
      count: Number(work.job.params.count),
      export: `/api/projects/${projectId}/export?exportType=JSON`,
    });
    const status = await patiently(work, () => deliver(deps, trainer, body, work.job.id));
    return { called: true, status };
  };
}

async function deliver({ fetch, clock }: Deps, trainer: Trainer, body: string, delivery: number): Promise<number> {
  const timestamp = String(Math.floor(clock.now() / 1000));
  const reply = await fetch(trainer.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-headstart-delivery': String(delivery),
      'x-headstart-timestamp': timestamp,
      'x-headstart-signature': signatureOf(trainer.secret, timestamp, body),
    },
    body,
    timeoutMs: CALL_MS,
  });
  reply.close();
  if (reply.status >= 200 && reply.status < 300) return reply.status;
  const code = reply.status >= 500 || reply.status === 429 ? 'STUDIO_UNREACHABLE' : 'STUDIO_REFUSED';
  throw new AppError(code, `The trainer answered ${reply.status}.`, { details: { status: reply.status } });
}

/** `sha256=` and the HMAC of `timestamp.body` in hex: the timestamp is signed too, so that old calls can be told. */
export function signatureOf(secret: string, timestamp: string, body: string): string {
  return `sha256=${createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex')}`;
}
