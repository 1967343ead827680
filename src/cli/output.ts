/** What commands print: a table to a terminal, JSON lines to a pipe; errors and progress go to stderr. */
import { type AppError, toAppError } from '../core/errors.ts';

export type Row = Readonly<Record<string, unknown>>;

export interface Output {
  /** One line of JSON per row into a pipe, a table on a terminal. */
  rows(rows: readonly Row[]): void;
  /** One object: a line of JSON into a pipe, `name  value` lines on a terminal. */
  record(row: Row): void;
  /** For people only: nothing into a pipe. */
  note(text: string): void;
}

const CELL_LENGTH_MAX = 60;

export function createOutput(json: boolean): Output {
  const print = (text: string): boolean => process.stdout.write(`${text}\n`);
  if (json) {
    const line = (row: Row): boolean => print(JSON.stringify(row));
    return { rows: (rows) => rows.forEach((row) => void line(row)), record: line, note: () => undefined };
  }
  return {
    rows: (rows) => print(table(rows)),
    record: (row) => {
      const width = Math.max(...Object.keys(row).map((key) => key.length));
      for (const [key, value] of Object.entries(row)) print(`${key.padEnd(width)}  ${cell(value)}`);
    },
    note: print,
  };
}

export function table(rows: readonly Row[]): string {
  if (rows.length === 0) return '(none)';
  const columns = Object.keys(rows[0]!);
  const cells = [columns, ...rows.map((row) => columns.map((column) => cell(row[column])))];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i]!.length)));
  return cells
    .map((line) =>
      line
        .map((text, i) => text.padEnd(widths[i]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Control characters of somebody's data must not reach a terminal. */
function cell(value: unknown): string {
  const text = value === null || value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const clean = text.replace(/\p{Cc}+/gu, ' ');
  return clean.length > CELL_LENGTH_MAX ? `${clean.slice(0, CELL_LENGTH_MAX - 1)}…` : clean;
}

/** Prints the error with its code and picks the exit code. */
export function reportError(error: unknown, json: boolean): void {
  const known = toAppError(error);
  process.stderr.write(
    json
      ? `${JSON.stringify(known.code === 'INTERNAL' ? { ...known.toPlain(), cause: describe(known) } : known.toPlain())}\n`
      : `${known.code}: ${known.code === 'INTERNAL' ? describe(known) : known.message}\n`,
  );
  process.exitCode = exitCode(known);
}

function describe(error: AppError): string {
  return error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : error.message;
}

/** The families of sysexits.h. */
function exitCode({ code }: AppError): number {
  if (code.startsWith('CONFIG')) return 78;
  if (code.startsWith('INPUT') || code.startsWith('LABELCONFIG') || code.startsWith('RULE')) return 65;
  if (code.startsWith('AUTH')) return 77;
  if (code.startsWith('NOT_FOUND')) return 66;
  if (code.startsWith('CONFLICT')) return 75;
  if (code.startsWith('STORE')) return 74;
  if (code.startsWith('BACKEND') || code.startsWith('LIMIT')) return 69;
  return 70;
}
