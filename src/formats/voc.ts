/** Pascal VOC: one XML per image with its boxes in pixels. */
import type { Region } from '../core/domain.ts';
import { AppError } from '../core/errors.ts';
import type { Size } from '../core/geometry.ts';
import { LIMITS } from '../core/limits.ts';
import { elementsOf, parseXml, renderXml, type XmlElement, type XmlNode } from '../labelconfig/xml.ts';
import type {
  ExportRows,
  Format,
  ImportedRow,
  InputFile,
  InputFiles,
  OutputFile,
  ReadOptions,
  WriteOptions,
} from './format.ts';
import { safeStem, uniqueNames } from './paths.ts';
import { RowFault, tryRow } from './rows.ts';
import {
  boundsOfForm,
  boxTarget,
  boxValue,
  importedImage,
  type LabeledImage,
  labeledImage,
  type Shape,
  shapeRegion,
} from './shapes.ts';
import { decodeText } from './text.ts';

export const voc: Format = {
  name: 'voc',
  title: 'Pascal VOC: Annotations/*.xml with boxes in pixels',
  holds: 'boxes; other shapes become the box around them',
  extensions: ['xml'],
  mediaTypes: ['application/xml'],
  readFolder: readVoc,
  writeFolder: writeVoc,
};

async function* writeVoc(rows: ExportRows, options: WriteOptions = {}): AsyncGenerator<OutputFile> {
  const nameOf = uniqueNames();
  for await (const row of rows()) {
    const labeled = labeledImage(row, options.config);
    if (labeled?.size == null) {
      options.onLoss?.(row.task.id, 'The task has no image or the size of its image is not known; it is left out.');
      continue;
    }
    for (const message of labeled.lost) options.onLoss?.(row.task.id, message);
    const bent = labeled.shapes.filter(({ form }) => form.kind !== 'box' || form.box.rotation !== 0).length;
    if (bent > 0) options.onLoss?.(row.task.id, `${bent} shapes that are no upright boxes became the box around them.`);
    const root = toXml(labeled, labeled.size);
    const path = `Annotations/${nameOf(safeStem(labeled.image), row.task.id)}.xml`;
    yield { path, content: renderXml({ before: [], root, after: [] }) };
  }
}

function toXml({ image, shapes }: LabeledImage, { width, height }: Size): XmlElement {
  return element('annotation', [
    element('filename', [printable(image)]),
    element('size', [element('width', [String(width)]), element('height', [String(height)]), element('depth', ['3'])]),
    element('segmented', ['0']),
    ...shapes.map((shape) => toObject(shape, { width, height })),
  ]);
}

function toObject({ label, form }: Shape, size: Size): XmlElement {
  const { x, y, width, height } = boundsOfForm(form, size);
  const corner = (name: string, value: number) => element(name, [String(Number(value.toFixed(4)))]);
  return element('object', [
    element('name', [printable(label)]),
    element('pose', ['Unspecified']),
    element('truncated', ['0']),
    element('difficult', ['0']),
    element('bndbox', [corner('xmin', x), corner('ymin', y), corner('xmax', x + width), corner('ymax', y + height)]),
  ]);
}

function element(tag: string, children: readonly XmlNode[]): XmlElement {
  return { tag, attributes: {}, children };
}

/** XML cannot hold control characters at all. */
function printable(text: string): string {
  return [...text].filter((char) => char >= ' ' && char !== '\uFFFE' && char !== '\uFFFF').join('');
}

async function* readVoc(files: InputFiles, options: ReadOptions = {}): AsyncGenerator<ImportedRow> {
  let row = 0;
  for await (const file of files()) {
    if (!file.path.endsWith('.xml')) continue;
    row += 1;
    const text = await wholeText(file);
    const task = tryRow({ row, line: 1 }, options, () => toTask(file.path, text, options));
    if (task !== null) yield { row, task };
  }
  if (row === 0) throw new AppError('INPUT_EMPTY', 'The folder has no XML files.');
}

async function wholeText(file: InputFile): Promise<string> {
  let text = '';
  for await (const part of decodeText(file.bytes)) {
    text += part;
    if (text.length > LIMITS.labelConfigBytesMax) {
      throw new AppError('LIMIT_SIZE', `${file.path} is larger than ${LIMITS.labelConfigBytesMax} bytes.`);
    }
  }
  return text;
}

function toTask(path: string, text: string, { config }: ReadOptions) {
  const root = rootOf(path, text);
  const file = textAt(root, 'filename');
  const size = childOf(root, 'size');
  const image = size === null ? null : { width: numberAt(size, 'width', path), height: numberAt(size, 'height', path) };
  if (file === null || image === null || image.width <= 0 || image.height <= 0) {
    throw new RowFault(`(${path}) lacks filename or size`);
  }
  const objects = elementsOf(root).filter((one) => one.tag === 'object');
  const regions = objects.map((one, i): Region => {
    const box = childOf(one, 'bndbox');
    const name = textAt(one, 'name');
    if (box === null || name === null) throw new RowFault(`(${path}) has an object without name or bndbox`);
    const [x, y] = [numberAt(box, 'xmin', path), numberAt(box, 'ymin', path)];
    const [width, height] = [numberAt(box, 'xmax', path) - x, numberAt(box, 'ymax', path) - y];
    const value = boxValue({ x, y, width, height, rotation: 0 }, image);
    return shapeRegion(boxTarget(config), value, name, image, { id: `v${i + 1}` });
  });
  return importedImage(file, regions, config, { size: image });
}

function rootOf(path: string, text: string): XmlElement {
  try {
    return parseXml(text).document.root;
  } catch (error) {
    throw new RowFault(`(${path}) cannot be read: ${(error as Error).message}`);
  }
}

function childOf(parent: XmlElement, tag: string): XmlElement | null {
  return elementsOf(parent).find((one) => one.tag === tag) ?? null;
}

function textAt(parent: XmlElement, tag: string): string | null {
  const text = childOf(parent, tag)
    ?.children.filter((node) => typeof node === 'string')
    .join('')
    .trim();
  return text === undefined || text === '' ? null : text;
}

function numberAt(parent: XmlElement, tag: string, path: string): number {
  const value = Number(textAt(parent, tag) ?? Number.NaN);
  if (Number.isFinite(value)) return value;
  throw new RowFault(`(${path}) has no number in <${tag}>`);
}
