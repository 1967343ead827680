/** Holds what a model answered against its declared outputs before anybody sees it. */
import { AppError } from '../core/errors.ts';
import type { OutputSpec } from './backend.ts';
import type { ModelEntry } from './manifest.ts';
import type { BatchOutput, BatchTensor } from './runtime.ts';

/**
 * Returns the output with items that hold a NaN, an infinity, or a class that has no name zeroed and marked failed.
 * Throws BACKEND_BAD_OUTPUT on a missing output or a wrong shape, which concern the whole batch.
 */
export function checkOutput(
  { outputs: specs, labels = [] }: Pick<ModelEntry, 'outputs' | 'labels'>,
  itemCount: number,
  output: BatchOutput,
): BatchOutput {
  const failed = new Map(output.failed.map((one) => [one.index, one]));
  for (const [name, spec] of Object.entries(specs)) {
    const tensor = output.outputs[name];
    if (!tensor) throw badOutput(name, 'is missing');
    const ends = rowEnds(name, spec, itemCount, tensor);
    let from = 0;
    for (let item = 0; item < itemCount; item++) {
      const row = tensor.data.subarray(from, ends[item]);
      from = ends[item]!;
      const error = failed.has(item)
        ? null
        : (endless(name, spec, row) ?? notFinite(name, row) ?? nameless(name, spec, labels.length, row));
      if (error) failed.set(item, { index: item, error: error.toPlain() });
      if (failed.has(item)) row.fill(0);
    }
  }
  return { ...output, failed: [...failed.values()].sort((a, b) => a.index - b.index) };
}

/** End of each item's floats in `data`. */
function rowEnds(name: string, spec: OutputSpec, itemCount: number, tensor: BatchTensor): Float64Array {
  const ends = new Float64Array(itemCount);
  const width = 'dim' in spec ? spec.dim : spec.fields.length;
  if (!('dim' in spec) && tensor.counts?.length !== itemCount) throw badOutput(name, 'lacks a count for each item');
  let end = 0;
  for (let item = 0; item < itemCount; item++) {
    end += width * ('dim' in spec ? 1 : tensor.counts![item]!);
    ends[item] = end;
  }
  if (tensor.data.length !== end) {
    throw badOutput(name, `has ${tensor.data.length} numbers, expected ${end} for ${itemCount} items`);
  }
  return ends;
}

/** Records of one item: the runs of a noisy mask; what comes beyond would fill the server with nothing that anybody edits. */
const RECORDS_MAX = 500_000;

function endless(name: string, spec: OutputSpec, row: Float32Array): AppError | null {
  if ('dim' in spec || row.length <= RECORDS_MAX * spec.fields.length) return null;
  return badOutput(name, `holds more than ${RECORDS_MAX} records for one item`);
}

function badOutput(name: string, problem: string): AppError {
  return new AppError('BACKEND_BAD_OUTPUT', `Output '${name}' ${problem}.`, { details: { output: name } });
}

function notFinite(name: string, row: Float32Array): AppError | null {
  return row.every(Number.isFinite) ? null : badOutput(name, 'holds a number that is not finite');
}

/** Many detectors count their classes from 1; their last one would go missing, and all others by a wrong name. */
function nameless(name: string, spec: OutputSpec, labelCount: number, row: Float32Array): AppError | null {
  const field = 'dim' in spec ? -1 : spec.fields.indexOf('label');
  if (field < 0 || 'dim' in spec || labelCount === 0) return null;
  for (let at = field; at < row.length; at += spec.fields.length) {
    const label = row[at]!;
    if (label >= 0 && label < labelCount) continue;
    const from = `says class ${label}, and the ${labelCount} labels are counted from 0`;
    return badOutput(name, `${from}; where a model counts from 1, the first line of labels.txt is \`background\``);
  }
  return null;
}
