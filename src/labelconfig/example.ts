/** The example that a config may carry: a comment with JSON in it, as Label Studio's own templates have. */
import { AppError } from '../core/errors.ts';
import { isJsonObject, type JsonObject, parseJson } from '../core/json.ts';
import type { LabelConfig } from './model.ts';
import { isElement, type XmlNode } from './xml.ts';

/** Data of the example task, or null. `{"data": {...}}` and bare data are both understood; other comments are not. */
export function exampleData(config: LabelConfig): JsonObject | null {
  const { before, root, after } = config.document;
  for (const comment of [...after, ...commentsIn(root), ...before].map((node) => node.comment.trim())) {
    const value = comment.startsWith('{') ? parsed(comment) : null;
    if (value !== null) return isJsonObject(value.data) ? value.data : value;
  }
  return null;
}

function commentsIn(node: XmlNode): { readonly comment: string }[] {
  if (typeof node === 'string') return [];
  return isElement(node) ? node.children.flatMap(commentsIn) : [node];
}

function parsed(text: string): JsonObject | null {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : null;
  } catch (error) {
    if (error instanceof AppError) return null;
    throw error;
  }
}
