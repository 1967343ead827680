/** All templates; the CLI, the API and the page list these. */
import { AppError } from '../../core/errors.ts';
import { MEDIA_TEMPLATES } from './media.ts';
import type { Template } from './template.ts';
import { TEXT_TEMPLATES } from './text.ts';

export type { Template } from './template.ts';

export const TEMPLATES: readonly Template[] = [...TEXT_TEMPLATES, ...MEDIA_TEMPLATES];

/** Throws NOT_FOUND with the names there are. */
export function templateNamed(name: string): Template {
  const found = TEMPLATES.find((template) => template.name === name);
  if (found !== undefined) return found;
  const names = TEMPLATES.map((template) => template.name).join(', ');
  throw new AppError('NOT_FOUND', `There is no template "${name}"; there are: ${names}.`, { details: { name } });
}
