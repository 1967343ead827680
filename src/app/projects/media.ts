/** Media of tasks: what a field shows, uploads kept for a project, and uploads that become tasks, all of them or none. */
import type { Project, Task } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { LIMITS } from '../../core/limits.ts';
import {
  type LabelConfig,
  type ObjectKind,
  type ObjectTag,
  parseDataPath,
  requiredFields,
  valueAt,
} from '../../labelconfig/index.ts';
import type { Upload } from '../../media/media.ts';
import type { MediaKind } from '../../media/sniff.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import type { ImportOutcome, ImportRequest } from '../transfer/api.ts';
import type { MediaApi, ProjectsApi } from './api.ts';
import type { ProjectConfigs } from './project-config.ts';

type ImportTasks = (request: ImportRequest) => Promise<ImportOutcome>;

export function createMedia(deps: Deps, configs: ProjectConfigs, importTasks: ImportTasks): MediaApi {
  const { store, media } = deps;
  const projectOf = (id: number): Promise<Project> => found('project', id, store.projects.get(id));
  return {
    async ofTask(taskId, { field, index } = {}) {
      const task = await found('task', taskId, store.tasks.get(taskId));
      const config = configs.of(await projectOf(task.projectId)).parsed;
      return media.open(referenceIn(task, config, field ?? firstMediaField(config), index ?? 0), task.projectId);
    },

    upload: (projectId, name) => media.openUpload(projectId, name),

    async addUploads({ projectId, files, asTasks, annotatorId }) {
      const config = configs.of(await projectOf(projectId)).parsed;
      const uploads: Upload[] = [];
      try {
        const tasks: JsonObject[] = [];
        for await (const file of files) {
          if (uploads.length === LIMITS.uploadFilesMax) throw tooManyFiles();
          const upload = await media.put(projectId, file);
          uploads.push(upload);
          if (asTasks) tasks.push(taskOf(upload, config));
        }
        if (uploads.length === 0) throw new AppError('INPUT_EMPTY', 'No file came with the request.');
        if (!asTasks) return { uploads, imported: null };
        const name = uploads.length === 1 ? uploads[0]!.originalName : `${uploads.length} files`;
        const imported = await importTasks({ projectId, name, body: lines(tasks), format: 'jsonl', annotatorId });
        return { uploads, imported };
      } catch (error) {
        for (const upload of uploads) await media.remove(projectId, upload.reference);
        throw error;
      }
    },
  };
}

/** Copies and deletions of projects take their uploads along. */
export function withUploads(projects: ProjectsApi, { media }: Pick<Deps, 'media'>): ProjectsApi {
  return {
    ...projects,
    async delete(id) {
      await projects.delete(id);
      await media.removeProject(id);
    },
    async duplicate(id, input) {
      const copy = await projects.duplicate(id, input);
      await media.copyUploads(id, copy.id);
      return copy;
    },
  };
}

/** Only fields that the label config shows: whatever else stands in a task is nobody's to fetch. */
function referenceIn(task: Task, config: LabelConfig, field: string, index: number): string {
  const top = String(parseDataPath(field)[0] ?? field);
  const isShown = requiredFields(config).includes(top) || config.objects.some((object) => object.field === field);
  const value = isShown ? valueAt(task.data, field) : undefined;
  const text = Array.isArray(value) ? (value as readonly Json[])[index] : index === 0 ? value : undefined;
  if (typeof text === 'string') return text;
  throw new AppError(
    'NOT_FOUND',
    `Field "${field}" of task ${task.id} shows no media${index > 0 ? ` ${index}` : ''}.`,
    {
      details: { what: 'media', field, index },
    },
  );
}

const MEDIA_TAGS: readonly ObjectKind[] = ['image', 'audio', 'video', 'document', 'timeseries'];

function firstMediaField(config: LabelConfig): string {
  const object = config.objects.find((one) => one.field !== null && MEDIA_TAGS.includes(one.kind)) ?? config.objects[0];
  return object?.field ?? '';
}

/** Which object tag shows a file of this kind. */
const TAG_OF: Readonly<Partial<Record<MediaKind, ObjectKind>>> = {
  image: 'image',
  audio: 'audio',
  video: 'video',
  document: 'document',
};

function taskOf(upload: Upload, config: LabelConfig): JsonObject {
  const kind = TAG_OF[upload.kind];
  const object = config.objects.find((one) => one.kind === kind && isPlainField(one));
  if (kind === undefined || object === undefined) {
    const wanted = config.objects.filter((one) => MEDIA_TAGS.includes(one.kind)).map((one) => one.kind);
    throw new AppError(
      'MEDIA_BAD_FILE',
      `"${upload.originalName}" is ${upload.type}; the label config shows ${[...new Set(wanted)].join(', ') || 'no media'}.`,
      { details: { name: upload.originalName, type: upload.type, wanted } },
    );
  }
  const value = object.list ? [upload.reference] : upload.reference;
  return { data: { [object.field!]: value }, meta: { file: upload.originalName, ...sizes(upload) } };
}

function isPlainField({ field, repeater }: ObjectTag): boolean {
  return field !== null && repeater === null && parseDataPath(field).length === 1;
}

/** What the header says, for exports that need the size of a picture without its bytes. */
function sizes({ header }: Upload): JsonObject {
  return Object.fromEntries(
    Object.entries({ width: header.width, height: header.height, seconds: header.seconds }).filter(
      ([, value]) => value !== null,
    ),
  );
}

async function* lines(tasks: readonly JsonObject[]): AsyncGenerator<Uint8Array> {
  for (const task of tasks) yield Buffer.from(`${JSON.stringify(task)}\n`);
}

function tooManyFiles(): AppError {
  const most = LIMITS.uploadFilesMax;
  return new AppError('LIMIT_SIZE', `One upload holds at most ${most} files.`, { details: { most } });
}
