/** CSV and TSV: a header, one task per row in, one answer per row out. */
import { Readable } from 'node:stream';
import { CsvError, type Options, parse } from 'csv-parse';
import { AppError } from '../core/errors.ts';
import type { Json } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { ANSWER_FIELDS, flatRecords, freeNames } from './flat.ts';
import type { Bytes, ExportRows, Format, ImportedRow, Reader, ReadOptions, WriteOptions, Writer } from './format.ts';
import { RowFault, rowError, tryRow } from './rows.ts';
import { decodeText, rowTooLong } from './text.ts';

export const csv: Format = {
  name: 'csv',
  holds: 'data in; data and answers out',
  title: 'CSV with a header; reads comma, semicolon, tab and bar',
  extensions: ['csv'],
  mediaTypes: ['text/csv'],
  read: reader(null),
  write: writer(','),
};

export const tsv: Format = {
  name: 'tsv',
  holds: 'data in; data and answers out',
  title: 'TSV (tab between cells) with a header',
  extensions: ['tsv', 'tab'],
  mediaTypes: ['text/tab-separated-values'],
  read: reader('\t'),
  write: writer('\t'),
};

/** What a comma-separated file may really be separated by, in the order in which ties are decided. */
const DELIMITERS = [',', ';', '\t', '|'];

interface CsvRow {
  readonly record: string[];
  /** The line that its last cell ends in. */
  readonly info: { readonly lines: number };
}

function reader(fixed: string | null): Reader {
  return async function* readCsv(bytes: Bytes, options: ReadOptions = {}): AsyncGenerator<ImportedRow> {
    const { head, rest } = await withHead(decodeText(bytes));
    const delimiter = fixed ?? guessDelimiter(head);
    let header: string[] | null = null;
    let row = 0;
    for await (const { record, info } of parseRows(rest, delimiter)) {
      const line = info.lines - lineBreaks(record);
      if (header === null) {
        header = checkHeader(record, line);
        continue;
      }
      row += 1;
      const columns = header;
      const task = tryRow({ row, line }, options, () => taskOf(columns, record));
      if (task !== null) yield { row, task };
    }
    if (row === 0) throw new AppError('INPUT_EMPTY', 'The file has a header but no rows.');
  };
}

/** The first characters, and the whole text again. */
async function withHead(text: AsyncGenerator<string>): Promise<{ head: string; rest: AsyncGenerator<string> }> {
  const held: string[] = [];
  let head = '';
  for (let next = await text.next(); !next.done; next = await text.next()) {
    held.push(next.value);
    head += next.value;
    if (/[\r\n]/.test(head.trimStart())) break;
  }
  async function* rest(): AsyncGenerator<string> {
    yield* held;
    yield* text;
  }
  return { head, rest: rest() };
}

/** The one that cuts the header into most cells. */
function guessDelimiter(head: string): string {
  const line = /[^\r\n]+/.exec(head)?.[0].replace(/"(?:[^"]|"")*"/g, '') ?? '';
  const counts = DELIMITERS.map((delimiter) => line.split(delimiter).length);
  return DELIMITERS[counts.indexOf(Math.max(...counts))]!;
}

async function* parseRows(text: AsyncIterable<string>, delimiter: string): AsyncGenerator<CsvRow> {
  const options: Options = {
    delimiter,
    record_delimiter: ['\r\n', '\n', '\r'],
    info: true,
    relax_column_count: true,
    // Tab-separated files are often written without any quoting.
    relax_quotes: delimiter === '\t',
    skip_empty_lines: true,
    max_record_size: LIMITS.rowBytesMax,
  };
  const parser = parse(options);
  const source = Readable.from(text);
  source.on('error', (error) => parser.destroy(error));
  source.pipe(parser);
  try {
    for await (const row of parser) yield row as CsvRow;
  } catch (error) {
    throw error instanceof CsvError ? fromCsvError(error) : error;
  } finally {
    source.destroy();
    parser.destroy();
  }
}

function fromCsvError(error: CsvError): AppError {
  const line = Number(error.lines ?? 0) || 1;
  if (error.code === 'CSV_MAX_RECORD_SIZE') return rowTooLong(line);
  const row = Math.max(1, Number(error.records ?? 1));
  const reason =
    error.code === 'CSV_QUOTE_NOT_CLOSED'
      ? 'has a quote that is never closed'
      : `has a quote in the wrong place (inside a quoted cell, quotes are doubled)`;
  return rowError({ row, line }, reason, error);
}

function checkHeader(header: readonly string[], line: number): string[] {
  const names = header.map((name, i) => name.trim() || `column_${i + 1}`);
  const repeated = names.find((name, i) => names.indexOf(name) !== i);
  if (repeated !== undefined) {
    throw rowError({ row: 0, line, column: repeated }, `is the header and names the column "${repeated}" twice`);
  }
  return names;
}

function taskOf(header: readonly string[], record: readonly string[]) {
  if (record.length !== header.length) {
    throw new RowFault(`has ${cells(record.length)}, the header has ${cells(header.length)}`);
  }
  const entries = header.map((name, i) => [name, record[i]!] as const).filter(([name]) => name !== '__proto__');
  return { id: null, data: Object.fromEntries(entries), meta: {}, annotations: [], predictions: [] };
}

/** Inside quoted cells: by so many lines the row began earlier than it ended. */
function lineBreaks(record: readonly string[]): number {
  let count = 0;
  for (const text of record) for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}

function cells(count: number): string {
  return count === 1 ? '1 cell' : `${count} cells`;
}

function writer(delimiter: string): Writer {
  return async function* writeCsv(rows: ExportRows, options: WriteOptions = {}): AsyncGenerator<string> {
    const fields = new Set<string>();
    const controls = new Set<string>();
    for await (const row of rows()) {
      for (const { data, answers } of flatRecords(row)) {
        for (const field of Object.keys(data)) fields.add(field);
        for (const control of answers.keys()) controls.add(control);
      }
    }
    const named = freeNames([...controls, ...ANSWER_FIELDS], fields);
    const toLine = (values: readonly (Json | undefined)[]) =>
      `${values.map((value) => cell(value, delimiter, options)).join(delimiter)}\r\n`;
    yield toLine([...fields, ...named]);
    for await (const row of rows()) {
      for (const { data, answers, about } of flatRecords(row)) {
        yield toLine([
          ...[...fields].map((field) => data[field]),
          ...[...controls].map((control) => answers.get(control)),
          ...ANSWER_FIELDS.map((field) => about[field]),
        ]);
      }
    }
  };
}

/** Texts as they are, everything else as JSON. Quotes are doubled, as RFC 4180 asks. */
function cell(value: Json | undefined, delimiter: string, options: WriteOptions): string {
  if (value === undefined || value === null) return '';
  let text = typeof value === 'string' ? value : JSON.stringify(value);
  if (options.escapeFormulas === true && typeof value === 'string' && /^[=+\-@\t\r]/.test(text)) text = `'${text}`;
  const plain = !text.includes(delimiter) && !/["\r\n]/.test(text) && text.trim() === text;
  return plain ? text : `"${text.replaceAll('"', '""')}"`;
}
