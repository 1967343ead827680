/** Tasks as models read them: texts out of the task, pictures and sounds out of the media store, a bounded group at a time. */
import type { BytesItem, InferenceItem, ModelInput } from '../../backends/backend.ts';
import type { Task } from '../../core/domain.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import type { MediaStore } from '../../media/media.ts';
import type { ProjectConfig } from '../projects/project-config.ts';

export interface ItemGroup {
  /** One per item. */
  readonly tasks: readonly Task[];
  readonly items: readonly InferenceItem[];
  /** Tasks that show nothing that can be read, each with its reason. */
  readonly failed: readonly { readonly taskId: number; readonly error: AppError }[];
}

/** Files that are opened at the same time: addresses answer slowly, and a crowd of them would be rude. */
const READS_AT_ONCE = 4;
/** A group ends when it holds this much: it waits in memory while the one before is computed. */
const GROUP_BYTES = 32_000_000;
const GROUP_ITEMS = 64;

/** Texts come as one group; files group by group, the next one read while the last is at work. */
export async function* itemGroups(
  media: MediaStore,
  config: Pick<ProjectConfig, 'input' | 'textOf' | 'mediaOf'>,
  tasks: readonly Task[],
): AsyncGenerator<ItemGroup> {
  if (config.input === 'text') {
    yield textGroup(config, tasks);
    return;
  }
  let at = 0;
  const next = async (): Promise<ItemGroup | null> => {
    if (at >= tasks.length) return null;
    const { group, end } = await fileGroup(media, config, tasks, at);
    at = end;
    return group;
  };
  let ahead = next();
  for (let group = await ahead; group !== null; group = await ahead) {
    ahead = next();
    // Awaited after the group was worked on: until then a failure must not count as unhandled.
    ahead.catch(() => undefined);
    yield group;
  }
}

function textGroup({ textOf }: Pick<ProjectConfig, 'textOf'>, tasks: readonly Task[]): ItemGroup {
  const read = tasks.map((task) => ({ task, text: textOf(task.data) }));
  const there = read.flatMap(({ task, text }) => (text === null ? [] : [{ task, item: { text } }]));
  const failed = read.flatMap(({ task, text }) => (text === null ? [nothingShown(task, 'text')] : []));
  return { tasks: there.map(({ task }) => task), items: there.map(({ item }) => item), failed };
}

async function fileGroup(
  media: MediaStore,
  config: Pick<ProjectConfig, 'input' | 'mediaOf'>,
  tasks: readonly Task[],
  from: number,
): Promise<{ group: ItemGroup; end: number }> {
  const kept: Task[] = [];
  const items: BytesItem[] = [];
  const failed: { taskId: number; error: AppError }[] = [];
  let bytes = 0;
  let at = from;
  while (at < tasks.length && items.length < GROUP_ITEMS && bytes < GROUP_BYTES) {
    const some = tasks.slice(at, at + READS_AT_ONCE);
    at += some.length;
    const read = await Promise.all(some.map((task) => readTask(media, config, task)));
    for (const one of read) {
      if ('error' in one) failed.push(one);
      else {
        kept.push(one.task);
        items.push(one.item);
        bytes += one.item.bytes.length;
      }
    }
  }
  return { group: { tasks: kept, items, failed }, end: at };
}

async function readTask(
  media: MediaStore,
  { input, mediaOf }: Pick<ProjectConfig, 'input' | 'mediaOf'>,
  task: Task,
): Promise<{ task: Task; item: BytesItem } | { taskId: number; error: AppError }> {
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
