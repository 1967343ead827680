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
  /** What the rows that were packed so far show, each file once. */
  files(): AsyncGenerator<ZipEntry>;
}

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
  /** Reference -> path in the zip; null when it cannot be had. */
  const paths = new Map<string, string | null>();

  const pathOf = async (reference: string, folder: string, taskId: number): Promise<string> => {
    const known = paths.get(reference);
    if (known !== undefined) return known ?? reference;
    try {
      const { name } = await media.stat(reference, project.id);
      const path = `${folder}/${nameOf(safeStem(name), taskId)}${/\.[a-z0-9]+$/i.exec(name)?.[0] ?? ''}`;
      paths.set(reference, path);
      return path;
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      paths.set(reference, null);
      onLoss?.(taskId, `A file is not packed: ${error.message}`);
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
      for (const [reference, path] of paths) {
        if (path === null) continue;
        const file = await media.open(reference, project.id);
        yield { path, content: bytesOf(file) };
      }
    },
  };
}

async function* bytesOf(file: Media): AsyncGenerator<Uint8Array> {
  try {
    yield* file.read();
  } finally {
    await file.close();
  }
}
