/** Texts as JSON lines in the dialects of spaCy, doccano and Prodigy. All three count offsets in code points. */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { controlNamed, type LabelConfig, labelsOf, type OffsetMap, offsetMap } from '../labelconfig/index.ts';
import type {
  Bytes,
  ExportRow,
  ExportRows,
  Format,
  ImportedRow,
  ImportedTask,
  ReadOptions,
  WriteOptions,
} from './format.ts';
import { readJsonLines } from './json.ts';
import { labelerKey } from './labelstudio.ts';
import { RowFault } from './rows.ts';
import { type Answer, answersOf } from './targets.ts';
import {
  classTarget,
  type ImportedTextOptions,
  importedText,
  type LabeledText,
  labeledText,
  type TextRelation,
  type TextSpan,
} from './text-spans.ts';

/** How one dialect writes a line and reads it back. */
interface Dialect {
  toLine(labeled: LabeledText, codePoints: OffsetMap, context: LineContext): JsonObject;
  /** Offsets of what it gives are code points still. */
  fromLine(line: JsonObject): LabeledText & Pick<ImportedTextOptions, 'skipped' | 'answered'>;
}

interface LineContext {
  readonly row: ExportRow;
  readonly answer: Answer;
  readonly config: LabelConfig | undefined;
}

const spacyDialect: Dialect = {
  toLine: ({ text, spans, classes }, codePoints, { config }) => ({
    text,
    entities: spans.map(({ start, end, label }) => [
      codePoints.toCodePoints(start),
      codePoints.toCodePoints(end),
      label,
    ]),
    ...(classes.length === 0 ? {} : { cats: scores(classes, config) }),
  }),
  fromLine: (line) => {
    const found = line.entities ?? line.label ?? [];
    const cats = isJsonObject(line.cats) ? Object.entries(line.cats) : [];
    return {
      text: textIn(line),
      spans: list(found, 'entities').map((one, i) => toSpan(one, i)),
      relations: [],
      classes: cats.flatMap(([name, score]) => (Number(score) >= 0.5 ? [name] : [])),
      answered: 'entities' in line || 'cats' in line,
    };
  },
};

/** spaCy wants every class with its score. */
function scores(classes: readonly string[], config: LabelConfig | undefined): JsonObject {
  const control = config === undefined ? undefined : controlNamed(config, classTarget(config).fromName);
  const all = new Set([...(control === undefined ? [] : labelsOf(control)), ...classes]);
  return Object.fromEntries([...all].map((name) => [name, classes.includes(name) ? 1 : 0]));
}

const doccanoDialect: Dialect = {
  toLine: ({ text, spans, relations, classes }, codePoints, { row }) => {
    const ids = new Map(spans.map((span, i) => [span.id, i + 1]));
    const base = { id: row.task.id, text };
    if (spans.length === 0 && classes.length > 0) return { ...base, label: [...classes] };
    return {
      ...base,
      entities: spans.map(({ id, start, end, label }) => ({
        id: ids.get(id)!,
        label,
        start_offset: codePoints.toCodePoints(start),
        end_offset: codePoints.toCodePoints(end),
      })),
      relations: relations.map((one, i) => ({
        id: i + 1,
        from_id: ids.get(one.from)!,
        to_id: ids.get(one.to)!,
        type: one.label,
      })),
    };
  },
  fromLine: (line) => {
    const given = list(line.entities ?? line.label ?? line.labels ?? [], 'label');
    const isClass = (one: Json): one is string => typeof one === 'string';
    return {
      text: textIn(line),
      spans: given.filter((one) => !isClass(one)).map((one, i) => toSpan(one, i)),
      relations: list(line.relations ?? [], 'relations').map(doccanoRelation),
      classes: given.filter(isClass),
    };
  },
};

function doccanoRelation(given: Json): TextRelation {
  if (!isJsonObject(given)) throw new RowFault('has a relation that is no object');
  return { from: String(given.from_id), to: String(given.to_id), label: String(given.type ?? '') };
}

const prodigyDialect: Dialect = {
  toLine: ({ text, spans, classes }, codePoints, { row, answer }) => ({
    text,
    ...(spans.length === 0 && classes.length > 0 ? { accept: [...classes] } : {}),
    spans: spans.map(({ start, end, label }) => ({
      start: codePoints.toCodePoints(start),
      end: codePoints.toCodePoints(end),
      label,
    })),
    meta: { ...row.task.meta, task: row.task.id },
    answer: 'accept',
    _annotator_id: labelerKey(answer.labeler),
  }),
  fromLine: (line) => {
    const accepted = list(line.accept ?? (typeof line.label === 'string' ? [line.label] : []), 'accept');
    const rejected = line.answer === 'reject';
    return {
      text: textIn(line),
      spans: rejected ? [] : list(line.spans ?? [], 'spans').map((one, i) => toSpan(one, i)),
      relations: [],
      classes: rejected ? [] : accepted.map(String),
      ...(line.answer === 'ignore' ? { skipped: true } : {}),
      answered: line.answer === 'accept',
    };
  },
};

/** `[start, end, label]`, `{start, end, label}` or `{start_offset, end_offset, label}`. */
function toSpan(given: Json, index: number): TextSpan {
  const [start, end, label, id] = Array.isArray(given)
    ? given
    : isJsonObject(given)
      ? [given.start ?? given.start_offset, given.end ?? given.end_offset, given.label, given.id]
      : [];
  if (!Number.isInteger(start) || !Number.isInteger(end) || typeof label !== 'string' || Number(start) >= Number(end)) {
    throw new RowFault(`has the span ${JSON.stringify(given)}, not start, end and label`);
  }
  return { id: String(id ?? `s${index + 1}`), start: Number(start), end: Number(end), label };
}

function textIn(line: JsonObject): string {
  const text = line.text ?? line.data;
  if (typeof text === 'string') return text;
  throw new RowFault('has no "text"');
}

function list(given: Json, name: string): readonly Json[] {
  if (Array.isArray(given)) return given as readonly Json[];
  throw new RowFault(`has "${name}" that is no list`);
}

const SHARED = { extensions: ['jsonl'], mediaTypes: ['application/jsonl'] };

export const spacyJsonl: Format = {
  ...SHARED,
  name: 'spacy-jsonl',
  title: 'spaCy JSONL: text with entities and cats',
  holds: 'text spans, classes of texts',
  ...codec(spacyDialect),
};

export const doccanoJsonl: Format = {
  ...SHARED,
  name: 'doccano-jsonl',
  title: 'doccano JSONL: text with entities and relations, or with labels',
  holds: 'text spans, relations, classes of texts',
  ...codec(doccanoDialect),
};

export const prodigyJsonl: Format = {
  ...SHARED,
  name: 'prodigy-jsonl',
  title: 'Prodigy JSONL: text with spans or accepted classes, and an answer',
  holds: 'text spans, classes of texts, skipped',
  ...codec(prodigyDialect),
};

function codec(dialect: Dialect): Required<Pick<Format, 'read' | 'write'>> {
  return {
    read: (bytes: Bytes, options: ReadOptions = {}): AsyncGenerator<ImportedRow> =>
      readJsonLines(bytes, options, (value) => fromLine(dialect, value, options)),
    write: (rows, options) => writeLines(dialect, rows, options),
  };
}

function fromLine(dialect: Dialect, value: Json, { config }: ReadOptions): ImportedTask {
  // spaCy also knows the form [text, {"entities": [...]}].
  const [text, rest] = Array.isArray(value) ? value : [null, value];
  if (!isJsonObject(rest)) throw new RowFault('is not an object');
  const {
    skipped,
    answered = false,
    ...labeled
  } = dialect.fromLine(typeof text === 'string' ? { ...rest, text } : rest);
  const codePoints = offsetMap(labeled.text);
  const spans = labeled.spans.map((span) => {
    const [start, end] = [codePoints.toUtf16(span.start), codePoints.toUtf16(span.end)];
    if (end > labeled.text.length)
      throw new RowFault(`has a span that ends at ${span.end}, behind the end of its text`);
    return { ...span, start, end };
  });
  const { id, meta } = rest;
  return importedText({ ...labeled, spans }, config, {
    id: typeof id === 'number' || typeof id === 'string' ? id : null,
    meta: isJsonObject(meta) ? meta : {},
    ...(skipped === undefined ? {} : { skipped }),
    answered,
  });
}

async function* writeLines(dialect: Dialect, rows: ExportRows, options: WriteOptions = {}): AsyncGenerator<string> {
  const { config } = options;
  for await (const row of rows()) {
    for (const answer of answersOf(row)) {
      const labeled = labeledText(row, answer, config);
      if (labeled === null) {
        options.onLoss?.(row.task.id, 'The task has no text and is left out.');
        continue;
      }
      const line = dialect.toLine(labeled, offsetMap(labeled.text), { row, answer, config });
      if (labeled.relations.length > 0 && !('relations' in line)) {
        options.onLoss?.(row.task.id, `${labeled.relations.length} relations are left out.`);
      }
      yield `${JSON.stringify(line)}\n`;
    }
  }
}
