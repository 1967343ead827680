/** Holds what comes in against the schema of its route; the first misfit becomes INPUT_BAD_FIELD naming the field. */
import type { TObject, TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { AppError } from '../core/errors.ts';

export type Part = 'params' | 'querystring' | 'body';

/** A value that fits, or the error that says what does not. */
export type Validate = (value: unknown) => { value: unknown } | { error: AppError };

/** At most this many fields are named in one reply. */
const FIELDS_NAMED_MAX = 20;

export function validatorFor(schema: TSchema, part: Part): Validate {
  const compiled = Compile(schema);
  return (given) => {
    const value = part === 'body' ? bodyValue(schema, given) : textValues(schema as TObject, given);
    return compiled.Check(value) ? { value } : { error: badField(compiled.Errors(value), part) };
  };
}

/** A route whose body has no required field may be called without a body. */
function bodyValue(schema: TSchema, given: unknown): unknown {
  const required = (schema as { required?: readonly string[] }).required ?? [];
  return (given === undefined || given === null) && required.length === 0 ? {} : given;
}

/** Numbers and booleans of addresses arrive as text. Body values are never converted. */
function textValues(schema: TObject, given: unknown): unknown {
  const typeOf = (key: string) =>
    Object.hasOwn(schema.properties, key) ? (schema.properties[key] as { type?: string }).type : undefined;
  const entries = Object.entries(given as Record<string, unknown>);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, typeof value === 'string' ? fromText(value, typeOf(key)) : value]),
  );
}

function fromText(text: string, type: string | undefined): unknown {
  if (type === 'integer' && /^-?\d{1,16}$/.test(text)) return Number(text);
  if (type === 'number' && /^-?\d{1,16}(\.\d{1,16})?$/.test(text)) return Number(text);
  // Python's str(True) is what Label Studio scripts send.
  if (type === 'boolean' && /^(true|1)$/i.test(text)) return true;
  if (type === 'boolean' && /^(false|0)$/i.test(text)) return false;
  return text;
}

interface Misfit {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: object;
  readonly message: string;
}

function badField(misfits: readonly Misfit[], part: Part): AppError {
  const fields = new Map<string, string[]>();
  for (const misfit of misfits) {
    for (const name of fieldsOf(misfit)) {
      const messages = fields.get(name) ?? [];
      if (messages.length === 0 && fields.size === FIELDS_NAMED_MAX) continue;
      fields.set(name, [...new Set([...messages, messageOf(misfit)])]);
    }
  }
  const [field, messages] = [...fields][0] ?? ['', ['does not fit']];
  const where = { params: 'address', querystring: 'query', body: 'body' }[part];
  const name = field === '' ? `The ${where}` : `Field \`${field}\` of the ${where}`;
  return new AppError('INPUT_BAD_FIELD', `${name} ${inOne(messages)}.`, {
    details: { field, in: where, validation_errors: Object.fromEntries(fields) },
  });
}

/** Of a field with a choice of values: all of them, and not the first. */
function inOne(messages: readonly string[]): string {
  const values = messages.flatMap((message) => (message.startsWith(MUST_BE) ? [message.slice(MUST_BE.length)] : []));
  return values.length > 1 ? `${MUST_BE}one of ${values.join(', ')}` : messages[0]!;
}

const MUST_BE = 'must be ';

/** `/settings/overlap` -> `settings.overlap`; missing and forbidden fields are named themselves. */
function fieldsOf(misfit: Misfit): string[] {
  const base = misfit.instancePath.split('/').slice(1);
  const params = misfit.params as { requiredProperties?: string[]; additionalProperties?: string[] };
  const inner = params.requiredProperties ?? params.additionalProperties ?? [undefined];
  return inner.map((name) => [...base, ...(name === undefined ? [] : [name])].join('.').slice(0, 200));
}

function messageOf(misfit: Misfit): string {
  const params = misfit.params as { allowedValue?: unknown };
  if (misfit.keyword === 'required') return 'is missing';
  if (misfit.keyword === 'additionalProperties') return 'is not known';
  if (misfit.keyword === 'const') return MUST_BE + JSON.stringify(params.allowedValue);
  return misfit.message;
}
