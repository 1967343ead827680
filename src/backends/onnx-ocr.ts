/** Runtime of text readers in two steps, where and what (PP-OCR): boxes of lines with their letters. */
import { AppError } from '../core/errors.ts';
import type { FailedItem, InferenceItem } from './backend.ts';
import { floatsOf, type Graph } from './graph.ts';
import { decodeFrame, decodePicture, type Frame, toFloats } from './image-decode.ts';
import { openOnnxGraph } from './onnx.ts';
import type { BatchOutput, LoadedModel, ModelRuntime } from './runtime.ts';
import { type TextBox, type TextBoxOptions, textBoxes } from './text-boxes.ts';
import { cutLine, readLine } from './text-lines.ts';

/** `processing` of the manifest entry. */
export interface OcrProcessing {
  readonly finder: TextBoxOptions & {
    readonly file: string;
    readonly input: string;
    readonly output: string;
    /** The longer side of a picture is brought down to this. */
    readonly sideMax: number;
    /** Lengths are brought to multiples of this. */
    readonly step: number;
    /** Of values 0..255, per channel: `(value - mean) * scale`. */
    readonly mean: readonly number[];
    readonly scale: readonly number[];
  };
  readonly reader: {
    readonly file: string;
    readonly input: string;
    readonly output: string;
    /** One letter a line; a blank before them and a space behind are added. */
    readonly alphabet: string;
    readonly lineHeight: number;
    readonly widthMax: number;
    /** Lines read with less are left out. */
    readonly scoreMin: number;
  };
}

export const TEXT_BOX_FIELDS = ['x', 'y', 'width', 'height', 'rotation', 'score', 'label'] as const;
export const LETTER_FIELDS = ['box', 'code'] as const;

/** Letters are cut from the picture itself; brought down to this, the smallest print of a scan can still be read. */
const PICTURE_SIDE_MAX = 4_000;

export const onnxOcrRuntime: ModelRuntime = {
  async load(entry, files): Promise<LoadedModel> {
    const processing = entry.processing as unknown as OcrProcessing;
    const reader = new PageReader(
      await openOnnxGraph(files.get(processing.finder.file)!),
      await openOnnxGraph(files.get(processing.reader.file)!),
      processing,
      alphabetOf(files.get(processing.reader.alphabet)!),
    );
    return { device: reader.device, run: (items) => readAll(reader, items), release: () => reader.release() };
  },
};

function alphabetOf(bytes: Uint8Array): string[] {
  const letters = Buffer.from(bytes).toString('utf8').split('\n');
  if (letters.at(-1) === '') letters.pop();
  return [...letters.map((letter) => letter.replace(/\r$/, '')), ' '];
}

interface Line {
  /** As shares of the picture, but for the rotation. */
  readonly box: TextBox;
  readonly text: string;
  readonly score: number;
}

async function readAll(reader: PageReader, items: readonly InferenceItem[]): Promise<BatchOutput> {
  const failed: FailedItem[] = [];
  const sizes = new Float32Array(2 * items.length);
  const pages: (readonly Line[])[] = items.map(() => []);
  for (const [index, item] of items.entries()) {
    try {
      const { lines, size } = await reader.read('bytes' in item ? item.bytes : new Uint8Array(0));
      pages[index] = lines;
      sizes.set([size.width, size.height], 2 * index);
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'BACKEND_BAD_ITEM') throw error;
      failed.push({ index, error: error.toPlain() });
    }
  }
  const boxes = pages.flatMap((lines) =>
    lines.flatMap(({ box, score }) => [box.x, box.y, box.width, box.height, box.rotation, score, 0]),
  );
  const letters = pages.map((lines) =>
    lines.flatMap(({ text }, box) => [...text].map((one) => [box, one.codePointAt(0)!])),
  );
  return {
    outputs: {
      boxes: { data: Float32Array.from(boxes), counts: Uint32Array.from(pages, (lines) => lines.length) },
      letters: { data: Float32Array.from(letters.flat(2)), counts: Uint32Array.from(letters, (all) => all.length) },
      size: { data: sizes },
    },
    failed,
  };
}

class PageReader {
  private readonly finder: Graph;
  private readonly reader: Graph;
  private readonly processing: OcrProcessing;
  private readonly alphabet: readonly string[];

  constructor(finder: Graph, reader: Graph, processing: OcrProcessing, alphabet: readonly string[]) {
    this.finder = finder;
    this.reader = reader;
    this.processing = processing;
    this.alphabet = alphabet;
  }

  get device(): string {
    return this.finder.device;
  }

  release(): void {
    this.finder.release();
    this.reader.release();
  }

  async read(bytes: Uint8Array): Promise<{ lines: Line[]; size: Frame['source'] }> {
    const picture = await decodePicture(bytes, PICTURE_SIDE_MAX);
    const boxes = await this.find(bytes, picture.size);
    const lines: Line[] = [];
    for (const box of boxes) {
      const line = await this.readBox(picture, box);
      if (line.text.trim() !== '' && line.score >= this.processing.reader.scoreMin) lines.push(line);
    }
    return { lines, size: picture.source };
  }

  /** Boxes in pixels of the decoded picture. */
  private async find(bytes: Uint8Array, size: Frame['source']): Promise<TextBox[]> {
    const { input, output, sideMax, step, mean, scale, ...options } = this.processing.finder;
    const shrink = Math.min(1, sideMax / Math.max(size.width, size.height));
    const brought = (length: number): number => Math.max(step, Math.round((length * shrink) / step) * step);
    const frame = { width: brought(size.width), height: brought(size.height) };
    const { pixels } = await decodeFrame(bytes, { ...frame, fit: 'fill' });
    const data = new Float32Array(pixels.length);
    toFloats(pixels, { layout: 'planes', order: 'bgr', mean, scale }, data);
    const outputs = await this.finder.run({ [input]: { data, shape: [1, 3, frame.height, frame.width] } });
    const [sx, sy] = [size.width / frame.width, size.height / frame.height];
    return textBoxes(floatsOf(outputs, output), frame, options).map((box) => ({
      ...box,
      x: box.x * sx,
      y: box.y * sy,
      width: box.width * sx,
      height: box.height * sy,
    }));
  }

  private async readBox({ pixels, size }: Awaited<ReturnType<typeof decodePicture>>, box: TextBox): Promise<Line> {
    const { input, output, lineHeight } = this.processing.reader;
    const { planes, width } = cutLine(pixels, size, box, this.processing.reader);
    const outputs = await this.reader.run({ [input]: { data: planes, shape: [1, 3, lineHeight, width] } });
    const { text, score } = readLine(floatsOf(outputs, output), this.alphabet);
    const [x, y] = [box.x / size.width, box.y / size.height];
    const shares = { ...box, x, y, width: box.width / size.width, height: box.height / size.height };
    return { box: shares, text, score };
  }
}
