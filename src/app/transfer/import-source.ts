/** A spooled upload as rows: which format it is in, and its files when it is a zip. Nothing is unpacked onto a disk. */
import { AppError } from '../../core/errors.ts';
import {
  type Bytes,
  type Format,
  formatFor,
  type ImportedRow,
  type InputFile,
  type ReadOptions,
  sniffFormat,
  unzipFiles,
} from '../../formats/index.ts';

const SNIFF_BYTES = 4_096;

/** How to read an upload; found once, kept with the job that reads it again. */
export interface SourceKind {
  readonly format: string;
  readonly zipped: boolean;
  /** File name as given. */
  readonly name: string;
}

/** Throws INPUT_BAD_FORMAT when it is in none that we know, or not in the one that was named. */
export async function kindOfSource(name: string, format: string | undefined, bytes: () => Bytes): Promise<SourceKind> {
  const head = await firstBytes(bytes());
  const zipped = isZip(head);
  if (format !== undefined) return { format: formatFor(format, 'import').name, zipped, name };
  const found = zipped ? formatOfFiles(await filesIn(bytes())) : /\.xml$/i.test(name) ? 'voc' : sniffFormat(name, head);
  if (found !== null) return { format: found, zipped, name };
  const what = zipped ? `"${name}" is a zip of no kind we know` : `"${name}" is no text file`;
  throw new AppError('INPUT_BAD_FORMAT', `${what}; say its format if it is one of ours.`);
}

/** The same rows each time. Zips are held in memory, within the limits on archives. */
export async function* rowsOfSource(
  { format: formatName, zipped, name }: SourceKind,
  bytes: Bytes,
  options: ReadOptions,
): AsyncGenerator<ImportedRow> {
  const format = formatFor(formatName, 'import');
  const files = zipped ? await filesIn(bytes) : [{ path: name, bytes }];
  if (format.readFolder !== undefined) yield* format.readFolder(() => files, options);
  else yield* format.read!(zipped ? dataFile(files, format).bytes : bytes, options);
}

async function filesIn(zip: Bytes): Promise<InputFile[]> {
  return (await unzipFiles(zip)).filter(({ path }) => !isLitter(path));
}

/** What packers of macOS and Windows leave beside the files. */
function isLitter(path: string): boolean {
  return path.startsWith('__MACOSX/') || /(^|\/)(\._[^/]*|\.DS_Store|Thumbs\.db)$/.test(path);
}

/** A folder format by its marks, else the format of the only file that holds tasks. */
function formatOfFiles(files: readonly InputFile[]): string | null {
  const paths = files.map((file) => file.path);
  if (paths.some((path) => /(^|\/)classes\.txt$/.test(path))) return 'yolo';
  if (paths.some((path) => path.endsWith('.xml'))) return 'voc';
  const known = paths.flatMap((path) => sniffFormat(path, NO_TEXT) ?? []);
  return known.length === 1 ? known[0]! : null;
}

/** Makes `sniffFormat` go by the ending alone. */
const NO_TEXT = new Uint8Array(1);

/** Other tools pack one file with the pictures it is about. */
function dataFile(files: readonly InputFile[], format: Format): InputFile {
  const endings = format.extensions.map((extension) => `.${extension}`);
  const fitting = files.filter(({ path }) => endings.some((ending) => path.toLowerCase().endsWith(ending)));
  if (fitting.length === 1) return fitting[0]!;
  throw new AppError(
    'INPUT_BAD_FORMAT',
    `The zip has ${fitting.length} files that end in ${endings.join(' or ')}; for "${format.name}" it must have one.`,
    { details: { format: format.name, found: fitting.length } },
  );
}

async function firstBytes(bytes: Bytes): Promise<Uint8Array> {
  for await (const chunk of bytes) return chunk.subarray(0, SNIFF_BYTES);
  return new Uint8Array(0);
}

function isZip(head: Uint8Array): boolean {
  // Files, or the end of an empty archive.
  return head[0] === 0x50 && head[1] === 0x4b && ((head[2] === 3 && head[3] === 4) || (head[2] === 5 && head[3] === 6));
}
