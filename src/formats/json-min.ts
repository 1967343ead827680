/** Label Studio's JSON_MIN: one flat object per answer. */
import type { JsonObject } from '../core/json.ts';
import { ANSWER_FIELDS, type FlatRecord, flatRecords, freeNames } from './flat.ts';
import type { ExportRow, ExportRows, Format } from './format.ts';
import { jsonList } from './json.ts';

export const jsonMin: Format = {
  name: 'json-min',
  holds: 'data and answers, flat',
  title: 'Label Studio JSON_MIN: one flat object per answer',
  extensions: ['json'],
  mediaTypes: ['application/json'],
  write: (rows: ExportRows) => jsonList(recordsOf(rows()), toObject),
};

async function* recordsOf(rows: AsyncIterable<ExportRow> | Iterable<ExportRow>): AsyncGenerator<FlatRecord> {
  for await (const row of rows) yield* flatRecords(row);
}

/** Fields that say nothing for this answer are left out; a name that the data already uses gets a number. */
function toObject({ data, answers, about }: FlatRecord): JsonObject {
  const known = ANSWER_FIELDS.filter((field) => about[field] !== null);
  const names = freeNames([...answers.keys(), ...known], Object.keys(data));
  const values = [...answers.values(), ...known.map((field) => about[field])];
  return { ...data, ...Object.fromEntries(names.map((name, i) => [name, values[i]!])) };
}
