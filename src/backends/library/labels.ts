/** The file of labels: one name a line, in the order of the classes, however an editor has saved it. */
import { AppError } from '../../core/errors.ts';
import { LIMITS } from '../../core/limits.ts';

/** Empty lines at the end do not count. Throws BACKEND_LOAD for what is no UTF-8 or holds no name, LIMIT_SIZE. */
export function readLabels(file: string, bytes: Uint8Array): string[] {
  const labels = decode(file, bytes)
    .split(/\r\n|\n|\r/)
    .map((line) => line.trim());
  while (labels.at(-1) === '') labels.pop();
  if (labels.length === 0)
    throw new AppError('BACKEND_LOAD', `'${file}' is empty; write the names of the classes into it, one a line.`);
  if (labels.length <= LIMITS.modelLabelsMax) return labels;
  throw new AppError('LIMIT_SIZE', `'${file}' holds more than ${LIMITS.modelLabelsMax} names.`);
}

/** The mark at the beginning that some editors write is no part of the first name. */
function decode(file: string, bytes: Uint8Array): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Told below.
  }
  throw new AppError('BACKEND_LOAD', `'${file}' is not in UTF-8; save it in that encoding.`);
}

const NAMED_MAX = 3;

/** What is allowed and more often a slip: classes without a name, and names that several classes have. */
export function oddLabels(labels: readonly string[]): string[] {
  const empty = labels.filter((name) => name === '').length;
  const first = new Map<string, number>();
  for (const [i, name] of labels.entries()) if (!first.has(name)) first.set(name, i);
  const twice = [...new Set(labels.filter((name, i) => name !== '' && first.get(name) !== i))];
  const shown = twice.slice(0, NAMED_MAX).map((name) => `'${name}'`);
  const more = twice.length > NAMED_MAX ? ` and ${twice.length - NAMED_MAX} more` : '';
  return [
    ...(empty > 0 ? [`${empty} empty lines among the labels are classes that nobody gets to see`] : []),
    ...(twice.length > 0 ? [`several classes are called ${shown.join(', ')}${more}`] : []),
  ];
}
