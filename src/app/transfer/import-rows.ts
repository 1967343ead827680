/** The rows of a spooled file that fit the project, checked one by one. */
import { AppError } from '../../core/errors.ts';
import type { ImportedTask } from '../../formats/index.ts';
import { checkResult, missingFields } from '../../labelconfig/index.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { missingField } from '../projects/tasks.ts';
import { rowsOfSource, type SourceKind } from './import-source.ts';
import { preannotated } from './preannotated.ts';

/** A report longer than this helps nobody; the count is always complete. */
const SKIPPED_LISTED_MAX = 1_000;

export interface Source extends SourceKind {
  readonly spoolId: string;
  readonly skipInvalid: boolean;
  /** Fields that hold predictions instead of data. */
  readonly preannotatedFields?: readonly string[];
}

export interface Checked {
  readonly rows: number;
  readonly fields: string[];
  readonly skipped: { row: number; reason: string }[];
}

/** Reads every row once without keeping any. Throws for the first bad one unless bad ones are to be skipped. */
export async function checkRows(deps: Pick<Deps, 'spool'>, config: ProjectConfig, source: Source): Promise<Checked> {
  const fields = new Set<string>();
  const skipped: { row: number; reason: string }[] = [];
  let rows = 0;
  const onSkip = (error: AppError): void => {
    if (skipped.length < SKIPPED_LISTED_MAX)
      skipped.push({ row: Number(error.details.row ?? 0), reason: error.message });
  };
  for await (const task of usableRows(deps, config, source, onSkip)) {
    rows += 1;
    for (const field of Object.keys(task.data)) fields.add(field);
  }
  if (rows === 0) {
    const why =
      skipped.length === 0
        ? 'The file holds no rows.'
        : `None of the rows can be used; the first: ${skipped[0]!.reason}`;
    throw new AppError('INPUT_EMPTY', why);
  }
  return { rows, fields: [...fields], skipped };
}

/** The rows that fit the project, in file order; the same ones every time the same file is read. */
export async function* usableRows(
  { spool }: Pick<Deps, 'spool'>,
  config: ProjectConfig,
  source: Source,
  onSkip: (error: AppError) => void = () => undefined,
): AsyncGenerator<ImportedTask> {
  const { preannotatedFields = [], skipInvalid } = source;
  const seen = new Map<number | string, number>();
  const options = { config: config.parsed, ...(skipInvalid ? { onBadRow: onSkip } : {}) };
  const usable = (row: number, given: ImportedTask): ImportedTask | null => {
    try {
      const task = preannotated(config.parsed, row, given, preannotatedFields);
      checkRow(config, row, task, seen);
      return task;
    } catch (error) {
      if (!skipInvalid || !(error instanceof AppError)) throw error;
      onSkip(error);
      return null;
    }
  };
  for await (const { row, task: given } of rowsOfSource(source, spool.read(source.spoolId), options)) {
    const task = usable(row, given);
    if (task === null) continue;
    if (task.id !== null) seen.set(task.id, row);
    yield task;
  }
}

function checkRow(
  config: ProjectConfig,
  row: number,
  task: ImportedTask,
  seen: ReadonlyMap<number | string, number>,
): void {
  const first = task.id === null ? undefined : seen.get(task.id);
  if (first !== undefined) {
    throw new AppError('INPUT_DUPLICATE_ID', `Row ${row} has the id ${JSON.stringify(task.id)} of row ${first}.`, {
      details: { row, firstRow: first, id: task.id },
    });
  }
  const missing = missingFields(config.parsed, task.data);
  if (missing.length > 0) {
    const base = missingField(missing);
    throw new AppError(base.code, `Row ${row}: ${base.message}`, { details: { row, ...base.details } });
  }
  for (const answer of [...task.annotations, ...task.predictions]) {
    const rejected = checkResult(config.parsed, task, answer.result).problems.find((problem) => !problem.repaired);
    if (rejected) {
      throw new AppError('INPUT_BAD_RESULT', `Row ${row}, region ${rejected.index + 1}: ${rejected.message}`, {
        details: { row, region: rejected.index, reason: rejected.message },
      });
    }
  }
}
