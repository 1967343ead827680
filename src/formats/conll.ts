/** CoNLL-2003: one token per line with its tag, an empty line between texts. */
import { AppError } from '../core/errors.ts';
import type { Bytes, ExportRows, Format, ImportedRow, ReadOptions, WriteOptions } from './format.ts';
import { RowFault, tryRow } from './rows.ts';
import { answersOf } from './targets.ts';
import { decodeText, linesOf } from './text.ts';
import { importedText, labeledText, type TextSpan } from './text-spans.ts';

export const conll: Format = {
  name: 'conll2003',
  title: 'CoNLL-2003: tokens with BIO tags',
  holds: 'text spans that do not overlap',
  extensions: ['conll', 'bio', 'iob'],
  mediaTypes: ['text/plain'],
  read: readConll,
  write: writeConll,
};

const DOCUMENT_START = '-DOCSTART-';

interface Token {
  readonly text: string;
  readonly tag: string;
}

async function* readConll(bytes: Bytes, options: ReadOptions = {}): AsyncGenerator<ImportedRow> {
  let row = 0;
  let start = 1;
  let lines: string[] = [];
  const flush = function* (): Generator<ImportedRow> {
    const held = lines.filter((line) => !line.startsWith(DOCUMENT_START));
    lines = [];
    if (held.length === 0) return;
    row += 1;
    const task = tryRow({ row, line: start }, options, () => toTask(held.map(toToken), options));
    if (task !== null) yield { row, task };
  };
  for await (const { line, text } of linesOf(decodeText(bytes))) {
    if (text.trim() === '') yield* flush();
    else {
      if (lines.length === 0) start = line;
      lines.push(text);
    }
  }
  yield* flush();
  if (row === 0) throw new AppError('INPUT_EMPTY', 'The file holds no tokens.');
}

/** Token in the first column, tag in the last; what stands between is for parsers. */
function toToken(line: string): Token {
  const columns = line.trim().split(/\s+/);
  const tag = columns.at(-1)!;
  if (columns.length < 2 || !/^(O|[BIESLU]-.+)$/.test(tag)) {
    throw new RowFault(`has the line "${line.slice(0, 60)}", which does not end in a tag such as O, B-PER or I-PER`);
  }
  return { text: columns[0]!, tag };
}

/** The text is the tokens joined by one space: the file does not say what stood between them. */
function toTask(tokens: readonly Token[], { config }: ReadOptions) {
  const spans: { start: number; end: number; label: string }[] = [];
  let at = 0;
  let open = '';
  for (const { text, tag } of tokens) {
    const label = tag.slice(2);
    const begins = 'BSU'.includes(tag[0]!) || label !== open;
    if (tag !== 'O') {
      if (begins) spans.push({ start: at, end: at + text.length, label });
      else spans.at(-1)!.end = at + text.length;
    }
    // After O and after the last token of BIOES and BILOU nothing is open.
    open = tag === 'O' || 'ESLU'.includes(tag[0]!) ? '' : label;
    at += text.length + 1;
  }
  const text = tokens.map((token) => token.text).join(' ');
  const named = spans.map((span, i): TextSpan => ({ ...span, id: `s${i + 1}` }));
  // Every token has a tag, so a text full of O is one in which somebody found nothing.
  return importedText({ text, spans: named, relations: [], classes: [] }, config, { answered: true });
}

async function* writeConll(rows: ExportRows, options: WriteOptions = {}): AsyncGenerator<string> {
  yield `${DOCUMENT_START} -X- O\n`;
  for await (const row of rows()) {
    for (const answer of answersOf(row)) {
      const labeled = labeledText(row, answer, options.config);
      if (labeled === null) continue;
      const spans = withoutOverlap(labeled.spans);
      if (spans.length < labeled.spans.length) {
        options.onLoss?.(row.task.id, `${labeled.spans.length - spans.length} spans overlap others and are left out.`);
      }
      const tokens = tokenise(labeled.text, spans);
      if (tokens.length > 0) yield `\n${tokens.map(({ text, tag }) => `${text} -X- _ ${tag}\n`).join('')}`;
    }
  }
}

/** Longer spans win over those they overlap. `spans` are in order of their start, and so is the answer. */
function withoutOverlap(spans: readonly TextSpan[]): TextSpan[] {
  const kept: TextSpan[] = [];
  for (const span of [...spans].sort((a, b) => b.end - b.start - (a.end - a.start))) {
    if (kept.every((one) => span.end <= one.start || span.start >= one.end)) kept.push(span);
  }
  return kept.sort((a, b) => a.start - b.start);
}

/** Tokens end at white space and where spans begin and end, so that every tag is exact. */
function tokenise(text: string, spans: readonly TextSpan[]): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const add = (end: number, label: string | null): void => {
    const words = [...text.slice(at, end).matchAll(/\S+/g)];
    words.forEach(([word], i) => {
      tokens.push({ text: word, tag: label === null ? 'O' : `${i === 0 ? 'B' : 'I'}-${label}` });
    });
    at = end;
  };
  for (const span of spans) {
    add(span.start, null);
    add(span.end, span.label);
  }
  add(text.length, null);
  return tokens;
}
