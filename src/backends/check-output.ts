/** Holds what a model answered against its declared outputs before anybody sees it. */
import { AppError } from '../core/errors.ts';
import type { FailedItem, OutputSpec } from './backend.ts';
import type { BatchOutput, BatchTensor } from './runtime.ts';

/**
 * Returns the output with items that hold a NaN or an infinity zeroed and marked failed.
 * Throws BACKEND_BAD_OUTPUT on a missing output or a wrong shape, which concern the whole batch.
 */
export function checkOutput(
  specs: Readonly<Record<string, OutputSpec>>,
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
      if (failed.has(item)) row.fill(0);
      else if (!row.every(Number.isFinite)) {
        row.fill(0);
        failed.set(item, notFinite(item, name));
      }
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

function badOutput(name: string, problem: string): AppError {
  return new AppError('BACKEND_BAD_OUTPUT', `Output '${name}' ${problem}.`, { details: { output: name } });
}

function notFinite(index: number, name: string): FailedItem {
  const error = new AppError('BACKEND_BAD_OUTPUT', `Output '${name}' holds a number that is not finite.`, {
    details: { output: name },
  });
  return { index, error: error.toPlain() };
}
