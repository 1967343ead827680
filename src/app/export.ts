/** Export: the labels of a project as a file or a zip of files, streamed; and what its format cannot hold. */
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import {
  type ExportRow,
  FORMATS,
  type Format,
  formatFor,
  type OutputFile,
  type WriteOptions,
  zipFiles,
} from '../formats/index.ts';
import type { ExportLosses, ExportRequest, TransferApi } from './app.ts';
import type { Deps } from './deps.ts';
import { rowFilter } from './export-filter.ts';
import { exportRows } from './export-rows.ts';
import { found } from './lookup.ts';
import type { ProjectConfigs } from './project-config.ts';

type ExportApi = Pick<TransferApi, 'exportTasks' | 'exportLosses' | 'formats'>;

export function createExport(deps: Deps, configs: ProjectConfigs): ExportApi {
  const prepare = async (request: ExportRequest) => {
    const project = await found('project', request.projectId, deps.store.projects.get(request.projectId));
    const format = formatFor(request.format, 'export');
    const filter = rowFilter(request, project.settings.overlap);
    const escapeFormulas = request.escapeFormulas ?? false;
    const options: WriteOptions = { config: configs.of(project).parsed, escapeFormulas };
    return { project, format, options, rows: () => exportRows(deps, configs, project.id, filter) };
  };

  return {
    async exportTasks(request) {
      const { project, format, options, rows } = await prepare(request);
      const name = `project-${project.id}`;
      if (format.write !== undefined) {
        const mediaType = format.mediaTypes[0] ?? 'text/plain';
        return { name: `${name}.${format.extensions[0]}`, mediaType, body: format.write(rows, options) };
      }
      const files = bounded(format.writeFolder!(rows, options));
      return { name: `${name}-${format.name}.zip`, mediaType: 'application/zip', body: zipFiles(files) };
    },

    async exportLosses(request) {
      const { format, options, rows } = await prepare(request);
      const losses: { taskId: number; message: string }[] = [];
      let count = 0;
      const onLoss = (taskId: number, message: string): void => {
        count += 1;
        if (losses.length < LIMITS.exportLossesListed) losses.push({ taskId, message });
      };
      await drain(format, rows, { ...options, onLoss });
      return { count, losses } satisfies ExportLosses;
    },

    formats: () =>
      FORMATS.map(({ name, title, holds, extensions, read, write, readFolder, writeFolder }) => ({
        name,
        title,
        holds,
        extensions,
        reads: (read ?? readFolder) !== undefined,
        writes: (write ?? writeFolder) !== undefined,
        folder: (readFolder ?? writeFolder) !== undefined,
      })),
  };
}

async function drain(
  { write, writeFolder }: Format,
  rows: () => AsyncGenerator<ExportRow>,
  options: WriteOptions,
): Promise<void> {
  const pieces: AsyncIterable<unknown> = write === undefined ? writeFolder!(rows, options) : write(rows, options);
  for await (const _piece of pieces);
}

/** A zip has room for so many files and bytes; one that is too large ends, and is no zip, rather than being a wrong one. */
async function* bounded(files: AsyncIterable<OutputFile>): AsyncGenerator<OutputFile> {
  let count = 0;
  let bytes = 0;
  for await (const file of files) {
    count += 1;
    bytes += Buffer.byteLength(file.content);
    if (count > LIMITS.exportEntriesMax || bytes > LIMITS.exportBytesMax) {
      const most = `${LIMITS.exportEntriesMax} files and ${LIMITS.exportBytesMax} bytes`;
      throw new AppError('LIMIT_SIZE', `A zip holds at most ${most}; export fewer tasks at once, by date or labeler.`);
    }
    yield file;
  }
}
