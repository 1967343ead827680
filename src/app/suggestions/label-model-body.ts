/** What is kept of a fitted label model: who votes, in which runs, with which weights. */
import type { SuggestionModel } from '../../consensus/index.ts';
import type { StoredLabelModel } from '../../core/domain.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Voters } from './voters.ts';

/** The labeler under which suggestions go that more than the head had a say in. */
export const LABEL_MODEL_NAME = 'label-model';

export interface LabelModelBody extends Voters {
  /** Names of the classes (or labels of spans) when it was fitted, in order, and the rows of `labels` that they are. */
  readonly classes: readonly string[];
  readonly labelIds: readonly number[];
  readonly model: SuggestionModel;
  /** Tasks it was fitted on, and annotated ones among them. */
  readonly tasks: number;
  readonly annotated: number;
}

export function bodyOf(stored: StoredLabelModel): LabelModelBody {
  return stored.body as unknown as LabelModelBody;
}

export function asBody(body: LabelModelBody): JsonObject {
  return body as unknown as JsonObject;
}
