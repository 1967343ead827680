/** YOLO: one text file per image with boxes, polygons or turned boxes as shares of its size, and `classes.txt`. */
import type { Region } from '../core/domain.ts';
import { AppError } from '../core/errors.ts';
import { boxCorners, type Point, type Size } from '../core/geometry.ts';
import type { LabelConfig } from '../labelconfig/index.ts';
import type {
  ExportRows,
  FolderWriter,
  Format,
  ImportedRow,
  InputFile,
  InputFiles,
  OutputFile,
  ReadOptions,
  WriteOptions,
} from './format.ts';
import { safeStem, uniqueNames } from './paths.ts';
import { RowFault, rowError, tryRow } from './rows.ts';
import {
  boundsOfForm,
  boxTarget,
  type Form,
  importedImage,
  labeledImage,
  labelOrder,
  polygonTarget,
  shapeRegion,
} from './shapes.ts';
import { decodeText, linesOf } from './text.ts';

export const yolo: Format = {
  name: 'yolo',
  title: 'YOLO: labels/*.txt with boxes or polygons, classes.txt',
  holds: 'boxes, polygons; turned boxes and ellipses become polygons, masks boxes',
  extensions: [],
  mediaTypes: [],
  readFolder: readYolo,
  writeFolder: writerOf({ numbersOf: boxOrPolygon, isBent: (form) => form.kind === 'mask' }),
};

/** Read by `yolo`, as polygons: without the size of a picture nobody can tell how far a box in it was turned. */
export const yoloObb: Format = {
  name: 'yolo-obb',
  title: 'YOLO OBB: labels/*.txt with the four corners of turned boxes, classes.txt',
  holds: 'turned boxes, polygons of four corners; other shapes become the upright box around them',
  extensions: [],
  mediaTypes: [],
  writeFolder: writerOf({
    numbersOf: (form, size) => shares(cornersOf(form) ?? boxCorners(boundsOfForm(form, size)), size),
    isBent: (form) => cornersOf(form) === null,
  }),
};

interface Lines {
  /** What follows the class, in shares of the size. */
  numbersOf(form: Form, size: Size): readonly number[];
  /** Must it become the box around it? */
  isBent(form: Form): boolean;
}

function writerOf(lines: Lines): FolderWriter {
  return (rows, options = {}) => writeYolo(rows, options, lines);
}

async function* writeYolo(
  rows: ExportRows,
  options: WriteOptions,
  { numbersOf, isBent }: Lines,
): AsyncGenerator<OutputFile> {
  const found = new Set<string>();
  for await (const row of rows()) {
    for (const shape of labeledImage(row, options.config)?.shapes ?? []) {
      if (shape.form.kind !== 'point') found.add(shape.label);
    }
  }
  const labels = labelOrder(options.config, found);
  yield { path: 'classes.txt', content: labels.map((label) => `${label.replace(/[\r\n]+/g, ' ')}\n`).join('') };
  const notes = { categories: labels.map((name, id) => ({ id, name })), info: { contributor: 'Headstart' } };
  yield { path: 'notes.json', content: `${JSON.stringify(notes, null, 2)}\n` };
  const nameOf = uniqueNames();
  for await (const row of rows()) {
    const labeled = labeledImage(row, options.config);
    if (labeled?.size == null) {
      options.onLoss?.(row.task.id, 'The task has no image or the size of its image is not known; it is left out.');
      continue;
    }
    for (const message of labeled.lost) options.onLoss?.(row.task.id, message);
    const shapes = labeled.shapes.filter((shape) => shape.form.kind !== 'point');
    const points = labeled.shapes.length - shapes.length;
    if (points > 0) options.onLoss?.(row.task.id, `${points} key points are left out.`);
    const bent = shapes.filter((shape) => isBent(shape.form)).length;
    if (bent > 0) options.onLoss?.(row.task.id, `${bent} shapes became the box around them.`);
    const lines = shapes.map(({ form, label }) => line(labels.indexOf(label), numbersOf(form, labeled.size!)));
    yield { path: `labels/${nameOf(safeStem(labeled.image), row.task.id)}.txt`, content: lines.join('') };
  }
}

/** `cx cy w h`, or `x1 y1 x2 y2 ...`. */
function boxOrPolygon(form: Form, size: Size): number[] {
  if (form.kind === 'polygon') return shares(form.points, size);
  if (form.kind === 'box' && form.box.rotation !== 0) return shares(boxCorners(form.box), size);
  const { x, y, width, height } = boundsOfForm(form, size);
  return shares(
    [
      [x + width / 2, y + height / 2],
      [width, height],
    ],
    size,
  );
}

/** Null where it has no four. */
function cornersOf(form: Form): readonly Point[] | null {
  if (form.kind === 'box') return boxCorners(form.box);
  return form.kind === 'polygon' && form.points.length === 4 ? form.points : null;
}

function shares(points: readonly Point[], { width, height }: Size): number[] {
  return points.flatMap(([x, y]) => [x / width, y / height]);
}

/** Nine digits: a hundredth of a pixel would survive an image of 10 million pixels width. */
function line(label: number, numbers: readonly number[]): string {
  return `${[label, ...numbers.map((one) => Number(one.toFixed(9)))].join(' ')}\n`;
}

async function* readYolo(files: InputFiles, options: ReadOptions = {}): AsyncGenerator<ImportedRow> {
  let classes: string[] | null = null;
  const images = new Map<string, string>();
  for await (const file of files()) {
    if (baseOf(file.path) === 'classes.txt') classes = await textLines(file);
    else if (!file.path.endsWith('.txt')) images.set(stemOf(file.path), file.path);
  }
  if (classes === null)
    throw new AppError('INPUT_BAD_FORMAT', 'The folder has no classes.txt, which names the classes.');
  const names = classes.map((one) => one.trim()).filter((one) => one !== '');
  let row = 0;
  for await (const file of files()) {
    if (!file.path.endsWith('.txt') || baseOf(file.path) === 'classes.txt') continue;
    row += 1;
    const lines = await textLines(file);
    const image = images.get(stemOf(file.path)) ?? `${stemOf(file.path)}.jpg`;
    const task = tryRow({ row, line: 1 }, options, () => {
      const regions = lines.flatMap((text, i) => toRegion(text, i + 1, row, names, options.config));
      return importedImage(image, regions, options.config);
    });
    if (task !== null) yield { row, task };
  }
  if (row === 0) throw new AppError('INPUT_EMPTY', 'The folder has no label files.');
}

/** An image without objects has an empty file, so emptiness is no error here. */
async function textLines(file: InputFile): Promise<string[]> {
  const lines: string[] = [];
  try {
    for await (const { text } of linesOf(decodeText(file.bytes))) lines.push(text);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'INPUT_EMPTY') throw error;
  }
  return lines;
}

function baseOf(path: string): string {
  return path.split('/').at(-1)!;
}

function stemOf(path: string): string {
  return baseOf(path).replace(/\.[^.]+$/, '');
}

function toRegion(
  text: string,
  at: number,
  row: number,
  names: readonly string[],
  config: LabelConfig | undefined,
): Region[] {
  if (text.trim() === '') return [];
  const [label, ...numbers] = text.trim().split(/\s+/).map(Number);
  const refuse = (reason: string) =>
    rowError({ row, line: at }, `is "${text.slice(0, 60)}": ${reason}`, new RowFault(reason));
  if (![label, ...numbers].every(Number.isFinite)) throw refuse('not all of it are numbers');
  const name = names[label!];
  if (name === undefined) throw refuse(`class ${label} is not among the ${names.length} of classes.txt`);
  const id = `y${at}`;
  // Five or six numbers are a box, with or without the confidence of a detector.
  if (numbers.length === 4 || numbers.length === 5) {
    const [cx, cy, width, height, score] = numbers as [number, number, number, number, number | undefined];
    const value = {
      x: (cx - width / 2) * 100,
      y: (cy - height / 2) * 100,
      width: width * 100,
      height: height * 100,
      rotation: 0,
    };
    return [shapeRegion(boxTarget(config), value, name, null, { id, ...(score === undefined ? {} : { score }) })];
  }
  if (numbers.length < 6 || numbers.length % 2 === 1) throw refuse('neither a box nor a polygon');
  const points = Array.from(
    { length: numbers.length / 2 },
    (_unused, i): Point => [numbers[2 * i]! * 100, numbers[2 * i + 1]! * 100],
  );
  return [shapeRegion(polygonTarget(config), { points, closed: true }, name, null, { id })];
}
