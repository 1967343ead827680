/** What pictures and sounds are compared by: the checksum of the file, and of pictures a hash that survives re-encoding. */
import { webcrypto } from 'node:crypto';
import type { InferenceItem } from '../../backends/backend.ts';
import type { Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { ImageHash } from '../../propagation/index.ts';
import type { Deps } from '../deps.ts';
import { itemGroups } from '../jobs/inference-items.ts';
import { type JobWork, throwIfStopped } from '../jobs/job-runner.ts';
import type { ProjectConfig } from '../projects/project-config.ts';

/** Name of the model that makes the hashes: pictures are decoded in its host. */
const IMAGE_HASH = 'image-hash';

export interface MediaMark {
  readonly content: string;
  /** Null for sounds, and for pictures that are almost empty or cannot be decoded. */
  readonly hash: ImageHash | null;
}

/**
 * By task; tasks that show the same address share one look at it. Files that cannot be read are listed with the job, and
 * have none; tasks of texts have none either.
 */
export async function mediaMarks(
  deps: Pick<Deps, 'media' | 'inference' | 'store'>,
  job: JobWork,
  config: ProjectConfig,
  tasks: readonly Task[],
): Promise<Map<number, MediaMark>> {
  const marks = new Map<number, MediaMark>();
  if (config.input === null || config.input === 'text') return marks;
  const sharing = tasksByFirst(config, tasks);
  const work = listingAll(job, sharing);
  const firsts = [...sharing.values()].map(([first]) => first!);
  for await (const group of itemGroups(deps.media, config, firsts, work.signal)) {
    throwIfStopped(work.signal);
    for (const { taskId, error } of group.failed) await work.itemFailed(taskId, error);
    const contents = await Promise.all(group.items.map(checksum));
    const hashes = config.input === 'image' ? await imageHashes(deps, work, group, contents) : [];
    for (const [i, first] of group.tasks.entries()) {
      const mark = { content: contents[i]!, hash: hashes[i] ?? null };
      for (const { id } of sharing.get(first.id)!) marks.set(id, mark);
    }
  }
  return marks;
}

/** Tasks that show the same address, by the id of the first of them. */
function tasksByFirst({ mediaOf }: ProjectConfig, tasks: readonly Task[]): Map<number, Task[]> {
  const byAddress = new Map<string | null, Task[]>();
  const byFirst = new Map<number, Task[]>();
  for (const task of tasks) {
    const address = mediaOf(task.data);
    const known = address === null ? undefined : byAddress.get(address);
    if (known) {
      known.push(task);
      continue;
    }
    const own = [task];
    byAddress.set(address, own);
    byFirst.set(task.id, own);
  }
  return byFirst;
}

/** What fails of the first fails of all that show the same. */
function listingAll(
  job: JobWork,
  sharing: ReadonlyMap<number, readonly Task[]>,
): Pick<JobWork, 'signal' | 'itemFailed'> {
  return {
    signal: job.signal,
    async itemFailed(taskId, error) {
      for (const { id } of sharing.get(taskId)!) await job.itemFailed(id, error);
    },
  };
}

interface Group {
  readonly tasks: readonly Task[];
  readonly items: readonly InferenceItem[];
}

/** Kept by task and content: a checksum takes microseconds, a hash has to decode the picture. */
async function imageHashes(
  deps: Pick<Deps, 'inference' | 'store'>,
  work: Pick<JobWork, 'signal' | 'itemFailed'>,
  { tasks, items }: Group,
  contents: readonly string[],
): Promise<(ImageHash | null)[]> {
  const { store, inference } = deps;
  const { version } = inference.info(IMAGE_HASH);
  const model = `${IMAGE_HASH}@${version}`;
  const kept = new Map((await store.imageHashes.ofTasks(tasks.map(({ id }) => id))).map((row) => [row.taskId, row]));
  const hashes = tasks.map(({ id }, i): ImageHash | null | undefined => {
    const row = kept.get(id);
    return row && row.content === contents[i] && row.model === model ? row.hash : undefined;
  });
  const missing = [...tasks.keys()].filter((i) => hashes[i] === undefined);
  const made = await makeHashes(deps, work, {
    tasks: missing.map((i) => tasks[i]!),
    items: missing.map((i) => items[i]!),
  });
  const rows = missing.flatMap((i, at) => {
    const hash = made[at];
    return hash === undefined ? [] : [{ taskId: tasks[i]!.id, content: contents[i]!, model, hash }];
  });
  if (rows.length > 0) await store.imageHashes.put(rows);
  for (const [at, i] of missing.entries()) hashes[i] = made[at];
  return hashes.map((hash) => hash ?? null);
}

/** Undefined where a picture cannot be decoded: it is tried again, and listed with the job. */
async function makeHashes(
  { inference }: Pick<Deps, 'inference'>,
  work: Pick<JobWork, 'signal' | 'itemFailed'>,
  { tasks, items }: Group,
): Promise<(ImageHash | null | undefined)[]> {
  if (items.length === 0) return [];
  const { outputs, failed } = await inference.run(IMAGE_HASH, items, { lane: 'bulk', signal: work.signal });
  for (const { index, error } of failed) await work.itemFailed(tasks[index]!.id, AppError.fromPlain(error));
  const broken = new Set(failed.map(({ index }) => index));
  const { data, width, offsets } = outputs.hash!;
  return items.map((_, i) => {
    if (broken.has(i)) return undefined;
    const [from, to] = [offsets![i]!, offsets![i + 1]!];
    return from === to ? null : [...data.subarray(from * width, to * width)];
  });
}

/** Off this thread, which answers people meanwhile. */
async function checksum(item: InferenceItem): Promise<string> {
  const bytes = 'bytes' in item ? item.bytes : Buffer.from(item.text);
  return Buffer.from(await webcrypto.subtle.digest('SHA-256', Buffer.from(bytes))).toString('hex');
}
