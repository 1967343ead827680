/** What a client asks the Data Manager for, held against its form. */
import type { Selection, TaskQuery } from '../app/scripts/api.ts';
import { AppError } from '../core/errors.ts';
import { isJsonObject, type Json, type JsonObject, parseJson } from '../core/json.ts';

const ANNOTATED = { filter: 'filter:tasks:total_annotations', operator: 'greater', value: 0 };

/** Of the text of an address. Throws INPUT_BAD_FIELD. */
export function parseTaskQuery(text: string): JsonObject {
  const given = parseJson(text);
  if (isJsonObject(given)) return given;
  throw badQuery();
}

/** Of a `query`, or of the `data` of a view. Throws INPUT_BAD_FIELD. */
export function checkedQuery({ filters, ordering, selectedItems }: JsonObject, onlyAnnotated = false): TaskQuery {
  const items = isJsonObject(filters) && Array.isArray(filters.items) ? (filters.items as readonly Json[]) : [];
  const fits = (one: Json) => isJsonObject(one) && typeof one.filter === 'string' && typeof one.operator === 'string';
  if (!items.every(fits)) throw badQuery();
  const conjunction = isJsonObject(filters) && filters.conjunction === 'or' ? 'or' : 'and';
  if (onlyAnnotated && conjunction === 'or') throw badQuery();
  return {
    filters: { conjunction, items: [...items, ...(onlyAnnotated ? [ANNOTATED] : [])] } as TaskQuery['filters'] & {},
    ordering: Array.isArray(ordering) ? ordering.map(String) : [],
    ...(isJsonObject(selectedItems) ? { selectedItems: selectedItems as Selection } : {}),
  };
}

function badQuery(): AppError {
  return new AppError(
    'INPUT_BAD_FIELD',
    '`query` is JSON like {"filters": {"conjunction": "and", "items": [{"filter", "operator", "value"}]}}.',
    { details: { field: 'query' } },
  );
}
