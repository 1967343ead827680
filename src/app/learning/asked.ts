/** What a project asks of people, as far as its queue can be ordered by it, and the numbers they answer with. */
import type { Annotation } from '../../core/domain.ts';
import { isJsonObject } from '../../core/json.ts';
import type { Control, ControlKind } from '../../labelconfig/index.ts';
import type { Asked } from '../../sampling/index.ts';
import type { ProjectConfig } from '../projects/project-config.ts';

export interface AskedControl {
  readonly asked: Asked;
  readonly control: Control;
}

const BY_KIND: Partial<Readonly<Record<ControlKind, Asked>>> = { span: 'tokens', shape: 'boxes', number: 'numbers' };

/** Choices about the whole task go before everything else; then the first control of a kind that can be ordered by. */
export function askedOf({ control, parsed }: Pick<ProjectConfig, 'control' | 'parsed'>): AskedControl | null {
  if (control !== null) return { asked: 'choices', control };
  for (const one of parsed.controls) {
    const asked = BY_KIND[one.kind];
    if (asked !== undefined && one.scope === 'task') return { asked, control: one };
  }
  return null;
}

/** Mean of what people answered; null when nobody gave a number. Ground truth outweighs everybody else. */
export function numberOf(control: Control, annotations: readonly Annotation[]): number | null {
  const answers = annotations.filter((one) => !one.skipped);
  const truths = answers.filter((one) => one.groundTruth);
  const numbers = (truths.length > 0 ? truths : answers).flatMap(({ result }) =>
    result.flatMap(({ from_name, value }) => {
      const given = from_name === control.name && isJsonObject(value) ? value[control.valueKey] : null;
      return typeof given === 'number' && Number.isFinite(given) ? [given] : [];
    }),
  );
  return numbers.length === 0 ? null : numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}
