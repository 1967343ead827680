/** The media of an export on request: packed beside its file, with the tasks pointing into the zip. */
import type { Project } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import type { ExportRow, WriteOptions, ZipEntry } from '../../formats/index.ts';
import { safeStem, uniqueNames } from '../../formats/paths.ts';
import type { LabelConfig, ObjectKind } from '../../labelconfig/index.ts';
import type { Media, MediaStore } from '../../media/media.ts';

export interface MediaFolder {
  /** The same row with its media named as in the zip; what cannot be had keeps its name and is told as a loss. */
  pack(row: ExportRow): Promise<ExportRow>;
  /** What the rows that were packed so far show, each file once; then a list of what cannot be had, if there is any. */
  files(): AsyncGenerator<ZipEntry>;
}

interface Packed {
  /** In the zip. */
  readonly path: string;
  /** The first that shows it. */
  readonly taskId: number;
}

/** In the zip, by an ending that no format of ours reads as its own. */
const MISSING = 'missing-files.log';
/** Enough to know it by; an address can hold a whole picture. */
const REFERENCE_CHARS = 200;
/** Named in the list: enough to see what is wrong, and of millions no more is kept in memory. */
const MISSING_NAMED = 10_000;

const FOLDER_OF: Readonly<Partial<Record<ObjectKind, string>>> = { image: 'images', audio: 'audio', video: 'video' };

export function mediaFolder(
  media: MediaStore,
  project: Project,
  config: LabelConfig,
  onLoss: WriteOptions['onLoss'],
): MediaFolder {
  const fields = config.objects.flatMap(({ kind, field }) => {
    const folder = FOLDER_OF[kind];
    return folder === undefined || field === null ? [] : [{ field, folder }];
  });
  const nameOf = uniqueNames();
  /** By reference; null when it cannot be had. */
  const packing = new Map<string, Packed | null>();
  const missing: string[] = [];
  let unnamed = 0;

  const lose = (reference: string, taskId: number, error: unknown): void => {
    if (!(error instanceof AppError)) throw error;
    packing.set(reference, null);
    const line = `task ${taskId}: ${reference.slice(0, REFERENCE_CHARS)}: ${error.message}`.replace(/\s+/g, ' ');
    if (missing.length < MISSING_NAMED) missing.push(line);
    else unnamed += 1;
    onLoss?.(taskId, `A file is not packed: ${error.message}`);
  };

  const pathOf = async (reference: string, folder: string, taskId: number): Promise<string> => {
    const known = packing.get(reference);
    if (known !== undefined) return known?.path ?? reference;
    try {
      const { name } = await media.stat(reference, project.id);
      const path = `${folder}/${nameOf(safeStem(name), taskId)}${/\.[a-z0-9]+$/i.exec(name)?.[0] ?? ''}`;
      packing.set(reference, { path, taskId });
      return path;
    } catch (error) {
      lose(reference, taskId, error);
      return reference;
    }
  };

  const packed = async (value: Json | undefined, folder: string, taskId: number): Promise<Json | undefined> => {
    if (typeof value === 'string') return pathOf(value, folder, taskId);
    if (!Array.isArray(value)) return value;
    const list: Json[] = [];
    for (const one of value as readonly Json[]) list.push((await packed(one, folder, taskId))!);
    return list;
  };

  return {
    async pack(row) {
      const changed: Record<string, Json> = {};
      for (const { field, folder } of fields) {
        const value = await packed(row.task.data[field], folder, row.task.id);
        if (value !== undefined) changed[field] = value;
      }
      const data: JsonObject = { ...row.task.data, ...changed };
      return { ...row, task: { ...row.task, data } };
    },

    async *files() {
      for (const [reference, one] of packing) {
        if (one === null) continue;
        try {
          const file = await media.open(reference, project.id);
          yield { path: one.path, content: bytesOf(file, (error) => lose(reference, one.taskId, error)) };
        } catch (error) {
          // It was there when the tasks were written.
          lose(reference, one.taskId, error);
        }
      }
      const more = unnamed > 0 ? [`and ${unnamed} more`] : [];
      if (missing.length > 0) yield { path: MISSING, content: `${[...missing, ...more].join('\n')}\n` };
    },
  };
}

/** One that breaks off ends there: the others of the zip are worth having without it. */
async function* bytesOf(file: Media, onBreak: (error: AppError) => void): AsyncGenerator<Uint8Array> {
  try {
    yield* file.read();
  } catch (cause) {
    const why = cause instanceof AppError ? ` ${cause.message}` : '';
    onBreak(
      new AppError('MEDIA_FETCH', `It broke off while it was read; the zip has its beginning only.${why}`, { cause }),
    );
  } finally {
    await file.close();
  }
}
