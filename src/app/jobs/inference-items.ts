/** Tasks as models read them: texts out of the task, pictures and sounds out of the media store, a bounded group at a time. */
import type { InferenceItem, ModelInput } from '../../backends/backend.ts';
import type { Task } from '../../core/domain.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import type { MediaStore } from '../../media/media.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { unlessStopped } from './job-runner.ts';

export interface ItemGroup {
  /** One per item. */
  readonly tasks: readonly Task[];
  readonly items: readonly InferenceItem[];
  /** Tasks that show nothing that can be read, each with its reason. */
  readonly failed: readonly { readonly taskId: number; readonly error: AppError }[];
}

/** Files that are opened at the same time: addresses answer slowly, and a crowd of them would be rude. */
const READS_AT_ONCE = 4;
/**
 * What a group holds at most, save an item alone: the next one waits in memory while it is computed, and the groups of
 * all jobs have to fit the queue of the models.
 */
const GROUP_BYTES = 32_000_000;
/** Texts are not counted: sorted by length they travel the better the more there are. */
const GROUP_FILES = 64;

type Inputs = Pick<ProjectConfig, 'input' | 'textOf' | 'mediaOf'>;

/**
 * Group by group, in the order of the tasks; the next one is read while the last is at work. Throws CONFLICT_CANCELLED as
 * soon as the signal is raised: an address may take minutes to answer.
 */
export function itemGroups(
  media: MediaStore,
  config: Inputs,
  tasks: readonly Task[],
  signal: AbortSignal,
): AsyncGenerator<ItemGroup> {
  const groups =
    config.input === 'text'
      ? grouped(textsOf(config, tasks), tasks.length)
      : grouped(filesOf(media, config, tasks), GROUP_FILES);
  return oneAhead(groups, signal);
}

/** A task with what it shows, or the reason why that cannot be read. */
type Shown =
  | { readonly task: Task; readonly item: InferenceItem }
  | { readonly taskId: number; readonly error: AppError };

async function* grouped(shown: Iterable<Shown> | AsyncIterable<Shown>, itemsMax: number): AsyncGenerator<ItemGroup> {
  for await (const group of boundedGroups(shown, (one) => ('item' in one ? one.item : null), itemsMax)) {
    const read = group.filter((one) => 'item' in one);
    const failed = group.filter((one) => 'error' in one);
    yield { tasks: read.map(({ task }) => task), items: read.map(({ item }) => item), failed };
  }
}

/** In their order, as many at a time as the models are given at once; those without an item (null) take no room. */
export async function* boundedGroups<T>(
  from: Iterable<T> | AsyncIterable<T>,
  itemOf: (one: T) => InferenceItem | null,
  itemsMax: number = GROUP_FILES,
): AsyncGenerator<T[]> {
  let group: T[] = [];
  let [items, bytes] = [0, 0];
  for await (const one of from) {
    const item = itemOf(one);
    const more = item ? bytesOf(item) : 0;
    if (item && items > 0 && (items >= itemsMax || bytes + more > GROUP_BYTES)) {
      yield group;
      group = [];
      [items, bytes] = [0, 0];
    }
    group.push(one);
    items += item ? 1 : 0;
    bytes += more;
  }
  if (group.length > 0) yield group;
}

/** As the queue of the models counts it. */
function bytesOf(item: InferenceItem): number {
  return 'text' in item ? 2 * item.text.length : item.bytes.length;
}

async function* oneAhead<T>(from: AsyncIterator<T>, signal: AbortSignal): AsyncGenerator<T> {
  let ahead = from.next();
  for (let one = await unlessStopped(signal, ahead); !one.done; one = await unlessStopped(signal, ahead)) {
    ahead = from.next();
    // Awaited after this one was worked on: until then a failure must not count as unhandled.
    ahead.catch(() => undefined);
    yield one.value;
  }
}

function* textsOf({ textOf }: Inputs, tasks: readonly Task[]): Generator<Shown> {
  for (const task of tasks) {
    const text = textOf(task.data);
    yield text === null ? nothingShown(task, 'text') : { task, item: { text } };
  }
}

async function* filesOf(media: MediaStore, config: Inputs, tasks: readonly Task[]): AsyncGenerator<Shown> {
  let some: Shown[] = [];
  for (let at = 0; at < tasks.length; at += some.length) {
    // After ones of which a few fill a group one by one: files read ahead are in memory beside the groups.
    const bytes = some.reduce((sum, one) => sum + ('item' in one ? bytesOf(one.item) : 0), 0);
    const atOnce = READS_AT_ONCE * bytes > GROUP_BYTES * some.length ? 1 : READS_AT_ONCE;
    some = await Promise.all(tasks.slice(at, at + atOnce).map((task) => readTask(media, config, task)));
    yield* some;
  }
}

async function readTask(media: MediaStore, { input, mediaOf }: Inputs, task: Task): Promise<Shown> {
  const kind = input ?? 'text';
  const reference = mediaOf(task.data);
  if (reference === null) return nothingShown(task, kind);
  try {
    return { task, item: { bytes: await readMedia(media, reference, task.projectId, kind) } };
  } catch (error) {
    return { taskId: task.id, error: toAppError(error) };
  }
}

/**
 * The bytes of a picture or sound. Throws BACKEND_BAD_ITEM when the file is of another kind, LIMIT_SIZE when it is larger
 * than a model may be given, and whatever the media store throws.
 */
export async function readMedia(
  media: MediaStore,
  reference: string,
  projectId: number,
  kind: ModelInput,
): Promise<Uint8Array> {
  const file = await media.open(reference, projectId);
  try {
    const most = LIMITS.inferenceItemBytesMax;
    if (file.kind !== kind) {
      throw new AppError('BACKEND_BAD_ITEM', `The task shows a file of type ${file.type}, wanted is ${kind}.`, {
        details: { type: file.type, wanted: kind },
      });
    }
    if (file.size > most) {
      throw new AppError('LIMIT_SIZE', `The file has ${file.size} bytes; a model is given at most ${most}.`, {
        details: { what: 'bytes', given: file.size, most },
      });
    }
    const parts: Uint8Array[] = [];
    for await (const part of file.read()) parts.push(part);
    return Buffer.concat(parts);
  } finally {
    await file.close();
  }
}

function nothingShown(task: Task, kind: ModelInput): { taskId: number; error: AppError } {
  const error = new AppError('BACKEND_BAD_ITEM', `The task shows no ${kind} that could be embedded.`);
  return { taskId: task.id, error };
}
