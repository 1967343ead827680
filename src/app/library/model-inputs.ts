/** What a bound model is shown of a task: the one object tag that it looks at. */
import type { JsonObject } from '../../core/json.ts';
import { valueAt } from '../../labelconfig/index.ts';
import type { RegionBinding } from '../../regions/index.ts';
import type { itemGroups } from '../jobs/inference-items.ts';

type Inputs = Parameters<typeof itemGroups>[1];

export function inputsOf({ object }: RegionBinding): Inputs {
  const shown = (data: JsonObject): string | null => {
    const value = object.field === null ? undefined : valueAt(data, object.field);
    const first = Array.isArray(value) ? value[0] : value;
    return typeof first === 'string' ? first : null;
  };
  return {
    input: object.kind === 'text' ? 'text' : object.kind === 'audio' ? 'audio' : 'image',
    textOf: shown,
    mediaOf: shown,
  };
}
