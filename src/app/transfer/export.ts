/** Export: the labels of a project as a file or a zip of files, streamed; and what its format cannot hold. */
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';
import {
  type ExportRow,
  FORMATS,
  type Format,
  formatFor,
  type WriteOptions,
  type ZipEntry,
  zipFiles,
} from '../../formats/index.ts';
import type { LabelConfig } from '../../labelconfig/index.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import type { ProjectConfigs } from '../projects/project-config.ts';
import type { Suggestions } from '../suggestions/suggestions.ts';
import type { ExportFile, ExportLosses, ExportRequest, TransferApi } from './api.ts';
import { rowFilter } from './export-filter.ts';
import { type MediaFolder, mediaFolder } from './export-media.ts';
import { exportRows } from './export-rows.ts';

type ExportApi = Pick<TransferApi, 'exportTasks' | 'exportLosses' | 'formats'>;

export function createExport(deps: Deps, configs: ProjectConfigs, suggestions: Suggestions): ExportApi {
  const prepare = async (request: ExportRequest, onLoss?: WriteOptions['onLoss']): Promise<Output> => {
    const project = await found('project', request.projectId, deps.store.projects.get(request.projectId));
    const format = formatFor(request.format, 'export');
    const filter = rowFilter(request, project.settings.overlap);
    const config = configs.of(project).parsed;
    const escapeFormulas = request.escapeFormulas ?? false;
    const options = { config, escapeFormulas, ...(onLoss === undefined ? {} : { onLoss }) };
    const rows = () => exportRows(deps, suggestions, project.id, filter);
    const name = `project-${project.id}`;
    if (!packsMedia(request, format)) return { name, format, pieces: piecesOf(format, rows, options) };
    const folder = mediaFolder(deps.media, project, config, onLoss);
    const packed = () => mapped(rows(), folder.pack);
    return { name, format, pieces: { files: withMedia(piecesOf(format, packed, options), format, folder) } };
  };

  return {
    exportTasks: async (request) => fileOf(await prepare(request)),

    async exportLosses(request) {
      const losses: { taskId: number; message: string }[] = [];
      let count = 0;
      const { pieces } = await prepare(request, (taskId, message) => {
        count += 1;
        if (losses.length < LIMITS.exportLossesListed) losses.push({ taskId, message });
      });
      await drain(pieces);
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

/** Label Studio packs these with their pictures. Its SDK asks for that with every format, and reads JSON and tables bare. */
const OF_PICTURES: readonly string[] = ['coco', 'yolo', 'yolo-obb', 'voc', 'brush-png', 'brush-numpy'];

function packsMedia({ withMedia = false }: ExportRequest, format: Format): boolean {
  return withMedia === 'of-pictures' ? OF_PICTURES.includes(format.name) : withMedia;
}

/** Rows that were chosen before, as a file. */
export function exportFile(
  name: string,
  format: Format,
  rows: () => AsyncGenerator<ExportRow>,
  config: LabelConfig,
): ExportFile {
  return fileOf({ name, format, pieces: piecesOf(format, rows, { config, escapeFormulas: false }) });
}

function fileOf({ name, format, pieces }: Output): ExportFile {
  if ('text' in pieces) {
    const mediaType = format.mediaTypes[0] ?? 'text/plain';
    return { name: `${name}.${format.extensions[0]}`, mediaType, body: pieces.text };
  }
  const body = zipFiles(bounded(pieces.files));
  return { name: `${name}-${format.name}.zip`, mediaType: 'application/zip', body };
}

interface Output {
  readonly name: string;
  readonly format: Format;
  readonly pieces: Pieces;
}

/** One file, or many that travel as a zip. */
type Pieces = { readonly text: AsyncIterable<string> } | { readonly files: AsyncIterable<ZipEntry> };

function piecesOf(
  { write, writeFolder }: Format,
  rows: () => AsyncGenerator<ExportRow>,
  options: WriteOptions,
): Pieces {
  return write === undefined ? { files: writeFolder!(rows, options) } : { text: write(rows, options) };
}

async function* mapped<T>(items: AsyncIterable<T>, change: (item: T) => Promise<T>): AsyncGenerator<T> {
  for await (const item of items) yield await change(item);
}

/** The files of the format first: writing them tells which media there are. */
async function* withMedia(pieces: Pieces, format: Format, folder: MediaFolder): AsyncGenerator<ZipEntry> {
  if ('files' in pieces) yield* pieces.files;
  else yield { path: `result.${format.extensions[0]}`, content: pieces.text };
  yield* folder.files();
}

async function drain(pieces: Pieces): Promise<void> {
  if ('text' in pieces) for await (const _piece of pieces.text);
  else
    for await (const { content } of pieces.files) {
      if (typeof content === 'object' && Symbol.asyncIterator in content) for await (const _piece of content);
    }
}

/** A zip has room for so many files and bytes; one that is too large ends, and is no zip, rather than being a wrong one. */
async function* bounded(files: AsyncIterable<ZipEntry>): AsyncGenerator<ZipEntry> {
  let count = 0;
  let bytes = 0;
  const take = <T extends string | Uint8Array>(piece: T): T => {
    bytes += Buffer.byteLength(piece);
    if (count <= LIMITS.exportEntriesMax && bytes <= LIMITS.exportBytesMax) return piece;
    const most = `${LIMITS.exportEntriesMax} files and ${LIMITS.exportBytesMax} bytes`;
    throw new AppError('LIMIT_SIZE', `A zip holds at most ${most}; export fewer tasks at once, by date or labeler.`);
  };
  for await (const { path, content } of files) {
    count += 1;
    const whole = typeof content === 'string' || content instanceof Uint8Array;
    yield { path, content: whole ? take(content) : mapped(content, async (piece) => take(piece)) };
  }
}
