/** What a model answered for one item, out of the outputs of a whole call. */

/** Floats of one item: a row, or records with named fields. */
export interface ItemOutput {
  /** (dim), or (records x fields). */
  readonly data: Float32Array;
  /** Names of a record's floats; null for a row. */
  readonly fields: readonly string[] | null;
}

/** By output name: `probabilities`, `boxes`, `spans`... */
export type ItemOutputs = Readonly<Record<string, ItemOutput>>;

/** Shape of an output, as models declare it. */
type Spec = { readonly dim: number } | { readonly fields: readonly string[] };

/** Outputs of a call: (n x width), or records with `offsets` (n + 1). */
interface CallOutput {
  readonly data: Float32Array;
  readonly width: number;
  readonly offsets?: Uint32Array;
}

/** Item `index` of a call; views, nothing is copied. */
export function itemOutputs(
  specs: Readonly<Record<string, Spec>>,
  outputs: Readonly<Record<string, CallOutput>>,
  index: number,
): ItemOutputs {
  const one = (name: string, { data, width, offsets }: CallOutput): ItemOutput => {
    const spec = specs[name]!;
    if (!offsets) return { data: data.subarray(index * width, (index + 1) * width), fields: null };
    const rows = data.subarray(offsets[index]! * width, offsets[index + 1]! * width);
    return { data: rows, fields: 'fields' in spec ? spec.fields : null };
  };
  return Object.fromEntries(Object.entries(outputs).map(([name, output]) => [name, one(name, output)]));
}

/** One record by the names of its fields. */
export type ModelRecord = Readonly<Record<string, number>>;

export function recordsOf(output: ItemOutput | undefined): ModelRecord[] {
  if (!output?.fields) return [];
  const { data, fields } = output;
  return Array.from({ length: data.length / fields.length }, (_, r) =>
    Object.fromEntries(fields.map((field, f) => [field, data[r * fields.length + f]!])),
  );
}
