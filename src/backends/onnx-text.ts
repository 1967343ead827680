/** Runtime of ONNX models that read text by a tokenizer.json: sentence embeddings, text and token classifiers. */
import { AppError } from '../core/errors.ts';
import type { InferenceItem } from './backend.ts';
import { type Encoded, JsonTokenizer } from './json-tokenizer.ts';
import type { ModelEntry } from './manifest.ts';
import { floatOutput, type OnnxSession, openSession, Tensor } from './onnx.ts';
import type { BatchOutput, LoadedModel, ModelRuntime } from './runtime.ts';
import { TextCalls } from './text-calls.ts';
import { inputRole } from './token-inputs.ts';
import { tokenOffsets } from './token-offsets.ts';
import { normaliseRow, planByLength, softmax } from './token-plan.ts';
import { type SpanScheme, spanScheme, tokenSpans } from './token-spans.ts';

/** `processing` of the manifest entry. */
export interface TextProcessing {
  readonly file: string;
  readonly tokenizer: string;
  /** Special tokens included; what lies beyond is not read. */
  readonly tokensMax: number;
  /** Put before every text, as some models ask for (`query: `). */
  readonly prefix?: string;
  /** Output of the graph that is read. */
  readonly output: string;
  /**
   * `mean` and `first` pool (n x tokens x dim) to an embedding of unit length, `row` takes (n x dim) as one;
   * `softmax` and `sigmoid` make probabilities of (n x labels), `probabilities` takes them as they are; `spans` makes labelled spans of (n x tokens x labels).
   */
  readonly reading: 'mean' | 'first' | 'row' | 'softmax' | 'sigmoid' | 'probabilities' | 'spans';
  /** For `spans`: the label of each class, with `B-` and `I-`. */
  readonly tokenLabels?: readonly string[];
}

/** Padded tokens per call until this machine was measured. */
const CALL_TOKENS_STANDARD = 1_024;
const CALL_CHOICES = [64, 128, 256, 512, 1_024, 2_048, 4_096];
/** What one more call costs, in tokens; of the order of what small encoders measure. */
const CALL_TOKENS = 8;

export const onnxTextRuntime: ModelRuntime = {
  async load(entry, files): Promise<LoadedModel> {
    const processing = entry.processing as unknown as TextProcessing;
    const tokenizer = new JsonTokenizer(files.get(processing.tokenizer)!, processing);
    const session = await openSession(files.get(processing.file)!);
    const reader = new Reader(entry, processing, tokenizer);
    const { padding } = tokenizer;
    const calls = new TextCalls({
      standard: CALL_TOKENS_STANDARD,
      choices: CALL_CHOICES,
      tokensMax: processing.tokensMax,
      callTokens: CALL_TOKENS,
      call: (lengths) => {
        const rows = lengths.map((length) => new Array<number>(length).fill(padding));
        return session.run(feeds(session, rows, rows[0]!.length, padding));
      },
    });
    return {
      device: 'onnxruntime cpu',
      calls,
      run: (items) => read(session, tokenizer, reader, processing.output, calls.size, items),
      release: () => void session.release(),
    };
  },
};

async function read(
  session: OnnxSession,
  tokenizer: JsonTokenizer,
  reader: Reader,
  output: string,
  callTokens: number,
  items: readonly InferenceItem[],
): Promise<BatchOutput> {
  const texts = items.map((item) => ('text' in item ? item.text : ''));
  const encoded = texts.map((text) => tokenizer.encode(text));
  const answers = reader.sheet(items.length);
  const lengths = encoded.map(({ ids }) => ids.length);
  let padded = 0;
  for (const group of planByLength(lengths, callTokens, CALL_TOKENS)) {
    const length = Math.max(1, ...group.map((i) => lengths[i]!));
    padded += group.length * length;
    const outputs = await session.run(
      feeds(
        session,
        group.map((i) => encoded[i]!.ids),
        length,
        tokenizer.padding,
      ),
    );
    const data = floatOutput(outputs, output);
    const rowLength = data.length / group.length;
    group.forEach((item, row) => {
      answers.write(item, texts[item]!, encoded[item]!, data.subarray(row * rowLength, (row + 1) * rowLength), length);
    });
  }
  return { ...answers.finish(), work: { padded, useful: lengths.reduce((sum, one) => sum + one, 0) } };
}

/** Ids, mask and types, padded to `length`, for whichever of them the graph asks. */
function feeds(
  session: OnnxSession,
  rows: readonly (readonly number[])[],
  length: number,
  padding: number,
): Record<string, Tensor> {
  const ids = new BigInt64Array(rows.length * length).fill(BigInt(padding));
  const mask = new BigInt64Array(rows.length * length);
  rows.forEach((row, r) => {
    row.forEach((id, i) => {
      ids[r * length + i] = BigInt(id);
    });
    mask.fill(1n, r * length, r * length + row.length);
  });
  const shape = [rows.length, length];
  const places = (): BigInt64Array => BigInt64Array.from(ids, (_, at) => BigInt(at % length));
  return Object.fromEntries(
    session.inputNames.map((name) => {
      const role = inputRole(name);
      const data =
        role === 'zeros' ? new BigInt64Array(ids.length) : role === 'positions' ? places() : { ids, mask }[role];
      return [name, new Tensor('int64', data, shape)];
    }),
  );
}

interface Sheet {
  /** `data` is what the graph says about this text: (dim) or (length x dim). */
  write(item: number, text: string, encoded: Encoded, data: Float32Array, length: number): void;
  finish(): BatchOutput;
}

/** Turns the graph's numbers into the outputs of the entry. */
class Reader {
  private readonly entry: ModelEntry;
  private readonly processing: TextProcessing;
  private readonly tokenizer: JsonTokenizer;
  private readonly scheme: SpanScheme;

  constructor(entry: ModelEntry, processing: TextProcessing, tokenizer: JsonTokenizer) {
    this.entry = entry;
    this.processing = processing;
    this.tokenizer = tokenizer;
    this.scheme = spanScheme(processing.tokenLabels ?? []);
  }

  sheet(itemCount: number): Sheet {
    return this.processing.reading === 'spans' ? this.spanSheet(itemCount) : this.denseSheet(itemCount);
  }

  private denseSheet(itemCount: number): Sheet {
    const [name, spec] = Object.entries(this.entry.outputs)[0] as [string, { dim: number }];
    const all = new Float32Array(itemCount * spec.dim);
    return {
      write: (item, _text, { ids }, data, length) => {
        const row = all.subarray(item * spec.dim, (item + 1) * spec.dim);
        const { reading, output } = this.processing;
        const perToken = reading === 'mean' || reading === 'first';
        assertWidth(output, data.length / (perToken ? length : 1), spec.dim);
        readRow(reading, data, ids.length, row);
      },
      finish: () => ({ outputs: { [name]: { data: all } }, failed: [] }),
    };
  }

  private spanSheet(itemCount: number): Sheet {
    const records: number[][] = Array.from({ length: itemCount }, () => []);
    const classCount = this.scheme.label.length;
    const shift = this.processing.prefix?.length ?? 0;
    return {
      write: (item, text, { tokens }, data, length) => {
        assertWidth(this.processing.output, data.length / length, classCount);
        for (let t = 0; t < tokens.length; t++) softmax(data.subarray(t * classCount, (t + 1) * classCount));
        const { special, unknown, byteLevel } = this.tokenizer;
        const whole = (this.processing.prefix ?? '') + text;
        const offsets = tokenOffsets(whole, { tokens, special, unknown, byteLevel });
        for (const span of tokenSpans(whole, data, offsets, this.scheme)) {
          if (span.start >= shift) records[item]!.push(span.start - shift, span.end - shift, span.score, span.label);
        }
      },
      finish: () => {
        const counts = Uint32Array.from(records, (one) => one.length / 4);
        return { outputs: { spans: { data: Float32Array.from(records.flat()), counts } }, failed: [] };
      },
    };
  }
}

/** Throws BACKEND_BAD_OUTPUT: what is missing would pass for zeros. */
function assertWidth(output: string, found: number, expected: number): void {
  if (found === expected) return;
  throw new AppError('BACKEND_BAD_OUTPUT', `Output '${output}' has rows of ${found} numbers, expected ${expected}.`, {
    details: { output, found, expected },
  });
}

/** The first `tokens` positions are not padding. */
function readRow(reading: TextProcessing['reading'], data: Float32Array, tokens: number, row: Float32Array): void {
  const dim = row.length;
  if (reading === 'mean') {
    for (let t = 0; t < tokens; t++) for (let d = 0; d < dim; d++) row[d]! += data[t * dim + d]! / tokens;
  } else row.set(data.subarray(0, dim));
  if (reading === 'softmax') softmax(row);
  else if (reading === 'sigmoid')
    row.forEach((value, d) => {
      row[d] = 1 / (1 + Math.exp(-value));
    });
  else if (reading !== 'probabilities') normaliseRow(row);
}
