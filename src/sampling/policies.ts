/**
 * What a project can order its queue by: which policies fit what it asks of people, and which one it gets unasked.
 * Choices are ordered by a learner; tokens and boxes by stored predictions; numbers by a committee on embeddings.
 */
import { AppError } from '../core/errors.ts';
import { COMMITTEE_VARIANCE } from './number-learner.ts';
import { DEFAULT_STRATEGY, QUERY_STRATEGIES, queryStrategy } from './registry.ts';
import { STRUCTURED_SCORES } from './structured/registry.ts';

export type Asked = 'choices' | 'tokens' | 'boxes' | 'numbers';

export interface PolicyView {
  readonly name: string;
  readonly summary: string;
  readonly source: string;
  /** What it orders; null: anything. */
  readonly asked: Asked | null;
  readonly singleChoiceOnly: boolean;
}

/** A policy taken apart: its name alone, and whether gains are counted per cost. */
export interface Policy {
  readonly name: string;
  readonly perCost: boolean;
}

/** Orders that look at no label and no prediction. */
const ANYWHERE: readonly string[] = ['random', 'sequential'];
const ASKED_BY_RECORDS = { tokens: 'tokens', boxes: 'boxes', members: 'numbers' } as const;

export const POLICIES: readonly PolicyView[] = [
  ...QUERY_STRATEGIES.map(({ name, summary, source, singleChoiceOnly = false }): PolicyView => {
    return { name, summary, source, singleChoiceOnly, asked: ANYWHERE.includes(name) ? null : 'choices' };
  }),
  ...STRUCTURED_SCORES.map(({ name, summary, source, records }): PolicyView => {
    return { name, summary, source, singleChoiceOnly: false, asked: ASKED_BY_RECORDS[records] };
  }),
];

/** Boxes: summed margins were best in the source; tokens: by length, since long texts cost more. */
const DEFAULTS: Readonly<Record<Asked, string>> = {
  choices: DEFAULT_STRATEGY,
  tokens: 'mnlp',
  boxes: 'box-margin-sum',
  numbers: COMMITTEE_VARIANCE,
};

/** `margin/cost`: the score of an item over what it costs to label. */
const PER_COST = '/cost';

export function policyOf(name: string): Policy {
  const perCost = name.endsWith(PER_COST);
  return { name: perCost ? name.slice(0, -PER_COST.length).trim() : name, perCost };
}

/** The policy if it fits, else the default of what is asked. `asked` null: nothing that can be ordered by. */
export function fittingPolicy(name: string, asked: Asked | null): string {
  if (asked === null) return name;
  return fits(policyOf(name).name, asked) ? name : DEFAULTS[asked];
}

/** Throws INPUT_BAD_FIELD for a policy that there is not, or that orders something else. */
export function checkPolicy(name: string, asked: Asked | null): void {
  const own = policyOf(name).name;
  const known = POLICIES.find((one) => one.name === own);
  // Names that are not registered are blends, or nothing at all, which the learner's registry says.
  if (known === undefined) queryStrategy(own);
  if (asked === null || fits(own, asked)) return;
  const fitting = POLICIES.filter((one) => one.asked === null || one.asked === asked).map((one) => one.name);
  throw new AppError(
    'INPUT_BAD_FIELD',
    `'${own}' orders ${WORDS[known?.asked ?? 'choices']}, and this project asks for ${WORDS[asked]}; that can be ordered by ${fitting.join(', ')}.`,
    { details: { field: 'queryStrategy', known: fitting } },
  );
}

const WORDS: Readonly<Record<Asked, string>> = {
  choices: 'choices',
  tokens: 'spans',
  boxes: 'shapes on pictures',
  numbers: 'numbers',
};

function fits(name: string, asked: Asked): boolean {
  const known = POLICIES.find((one) => one.name === name);
  return known === undefined ? asked === 'choices' : known.asked === null || known.asked === asked;
}
