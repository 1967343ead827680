/** All file formats; a name that is not here is no format. */
import { AppError } from '../core/errors.ts';
import { csv, tsv } from './csv.ts';
import type { Format } from './format.ts';
import { json, jsonl } from './json.ts';
import { jsonMin } from './json-min.ts';
import { txt } from './txt.ts';

export type * from './format.ts';
export { guessTextField, sniffFormat, type TextFieldGuess } from './guess.ts';
export * from './labelstudio.ts';

export const FORMATS: readonly Format[] = [json, jsonl, csv, tsv, txt, jsonMin];

/** Throws INPUT_BAD_FORMAT, also when the format cannot do what is wanted. Names are found whatever their case. */
export function formatNamed<Can extends 'read' | 'write'>(
  name: string,
  can: Can,
): Format & Required<Pick<Format, Can>> {
  const wanted = name.toLowerCase().replaceAll('_', '-');
  const format = FORMATS.find((one) => one.name === wanted);
  if (format?.[can] !== undefined) return format as Format & Required<Pick<Format, Can>>;
  const able = FORMATS.filter((one) => one[can] !== undefined).map((one) => one.name);
  const what =
    format === undefined
      ? `There is no format "${name}"`
      : `Format "${name}" cannot be ${can === 'read' ? 'imported' : 'exported'}`;
  throw new AppError('INPUT_BAD_FORMAT', `${what}; there are: ${able.join(', ')}.`, { details: { name, able } });
}
