/** The rule document as a JSON Schema (draft 7), for editors that check and complete while one types. */
import type { Json, JsonObject } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import { RULE_SCHEMA } from './document.ts';
import { FACT_PATHS } from './facts.ts';

/** What a project knows; without it any text goes. */
export interface SchemaWords {
  readonly labels?: readonly string[];
  /** Labels of regions of texts. */
  readonly regions?: readonly string[];
}

const TEXT = { type: ['string', 'number'] };
const COUNT = { type: 'integer', minimum: 0 };
const FOLD = { enum: ['none', 'case', 'diacritics'], description: 'Which letters are equal' };
const FIELD = { type: 'string', description: 'Where the text stands: text, meta.note, data.title.0' };
const CONDITION = { $ref: '#/definitions/condition' };
const CONDITIONS = { type: 'array', minItems: 1, items: CONDITION };

const TEST = {
  equals: { description: 'The value itself' },
  in: { type: 'array', minItems: 1 },
  min: { type: 'number' },
  max: { type: 'number' },
  after: { type: 'string', description: 'A date, like 2024-05-31' },
  before: { type: 'string', description: 'A date, like 2024-05-31' },
  exists: { type: 'boolean' },
  length: object({ min: COUNT, max: COUNT }),
};

const KEYWORDS = oneOf(
  'Words or phrases to find',
  TEXT,
  list(TEXT),
  object({
    words: oneOf('', TEXT, list(TEXT)),
    list: { type: 'string', description: 'Name of a list that comes with the document' },
    match: { enum: ['word', 'prefix', 'substring', 'phrase'] },
    fold: FOLD,
    field: FIELD,
  }),
);

const conditionsOf = (regions: Json): JsonObject => ({
  keywords: KEYWORDS,
  phrases: KEYWORDS,
  regex: oneOf(
    'A regular expression of JavaScript',
    TEXT,
    object(
      { pattern: TEXT, flags: { type: 'string', description: 'Of i m s u; i unless said otherwise' }, field: FIELD },
      ['pattern'],
    ),
  ),
  all: { ...CONDITIONS, description: 'All of them hold' },
  any: { ...CONDITIONS, description: 'One of them holds' },
  not: { ...CONDITION },
  at_least: object({ min: { type: 'integer', minimum: 1 }, of: CONDITIONS }, ['min', 'of'], 'So many of them hold'),
  count: object({ min: COUNT, max: COUNT, of: CONDITION }, ['of'], 'It matches so many times'),
  near: object(
    {
      first: CONDITION,
      second: CONDITION,
      window: COUNT,
      unit: { enum: ['words', 'chars'] },
      ordered: { type: 'boolean' },
    },
    ['first', 'second', 'window'],
    'Two matches with at most so many words between them',
  ),
  within: object({ region: regions, of: CONDITION }, ['region', 'of'], 'It matches inside a region with that label'),
  field: object({ path: { type: 'string' }, ...TEST }, ['path'], 'A value of the task', 2),
  fact: object({ path: { enum: [...FACT_PATHS] }, ...TEST }, ['path'], 'A fact of its picture or sound', 2),
  score: object({ model: TEXT, label: TEXT, min: TEST.min, max: TEST.max }, ['model'], 'A model is that sure', 2),
});

export function ruleSchema({ labels, regions }: SchemaWords = {}): JsonObject {
  const label: Json = labels ? { enum: [...labels] } : TEXT;
  const conditions = conditionsOf(regions ? { enum: [...regions] } : TEXT);
  const rule = object(
    {
      id: { type: ['string', 'number'], description: 'Its name: letters, digits, _ . -, unique in the document' },
      label,
      labels: oneOf('', label, list(label)),
      when: CONDITION,
      ...conditions,
      spans: oneOf(
        'Marks the places it finds',
        { type: 'boolean' },
        object({ group: { type: ['string', 'integer'] } }, ['group']),
      ),
      priority: { type: 'integer', description: 'Of rules that vote on a task only the highest stand' },
      veto: oneOf('Labels that others may not give; true for all others', { type: 'boolean' }, label, list(label)),
      control: TEXT,
      description: TEXT,
      enabled: { type: 'boolean' },
    },
    ['id'],
  );
  const one = ['when', ...Object.keys(conditions)].map((key) => ({ required: [key] }));
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Rules of Headstart',
    ...object(
      {
        headstart_rules: { enum: [RULE_SCHEMA], description: 'Version of the format' },
        field: FIELD,
        fold: FOLD,
        control: TEXT,
        description: TEXT,
        rules: { type: 'array', minItems: 1, maxItems: LIMITS.rulesMax, items: { $ref: '#/definitions/rule' } },
      },
      ['headstart_rules', 'rules'],
    ),
    definitions: {
      rule: { ...rule, oneOf: one, anyOf: [{ required: ['label'] }, { required: ['labels'] }, { required: ['veto'] }] },
      condition: object(conditions, [], '', 1, 1),
    },
  };
}

function object(
  properties: JsonObject,
  required: string[] = [],
  description = '',
  least = 0,
  most?: number,
): JsonObject {
  return {
    type: 'object',
    ...(description === '' ? {} : { description }),
    properties,
    ...(required.length === 0 ? {} : { required }),
    ...(least === 0 ? {} : { minProperties: least }),
    ...(most === undefined ? {} : { maxProperties: most }),
    additionalProperties: false,
  };
}

function list(items: Json): JsonObject {
  return { type: 'array', minItems: 1, items };
}

function oneOf(description: string, ...anyOf: Json[]): JsonObject {
  return { ...(description === '' ? {} : { description }), anyOf };
}
