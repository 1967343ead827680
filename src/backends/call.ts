/** One `run` call under way: collects the answers of its items, whatever batches they travelled in. */
import type { AppError, PlainError } from '../core/errors.ts';
import type { FailedItem, InferenceItem, InferenceResult, Lane, OutputSpec, OutputTensor } from './backend.ts';
import type { BatchOutput, BatchTensor } from './runtime.ts';

type Specs = Readonly<Record<string, OutputSpec>>;
/** What the items add up to; the pool adds which model it was. */
type CallResult = Omit<InferenceResult, 'model'>;

export class Call {
  readonly lane: Lane;
  readonly items: readonly InferenceItem[];
  /** Calls with an earlier one go first; milliseconds since the epoch. */
  readonly dueAt: number;
  readonly startedAt = performance.now();
  readonly result: Promise<CallResult>;
  /** Answered, failed or given up: whatever still comes for it is dropped. */
  settled = false;
  private readonly gatherers: readonly (readonly [string, Gatherer])[];
  private readonly failed: FailedItem[] = [];
  private left: number;
  private resolve!: (result: CallResult) => void;
  private refuse!: (error: AppError) => void;

  constructor(specs: Specs, items: readonly InferenceItem[], lane: Lane, dueAt: number) {
    this.lane = lane;
    this.items = items;
    this.dueAt = dueAt;
    this.left = items.length;
    this.gatherers = Object.entries(specs).map(([name, spec]) => [name, gatherer(spec, items.length)]);
    this.result = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.refuse = reject;
    });
    this.finishIfDone();
  }

  /** Takes the answer for one item out of a batch. */
  take(index: number, output: BatchOutput, position: number, starts: RowStarts): void {
    if (this.settled) return;
    for (const [name, gather] of this.gatherers) gather.take(index, output.outputs[name]!, position, starts[name]);
    this.left--;
    this.finishIfDone();
  }

  fail(index: number, error: PlainError): void {
    if (this.settled) return;
    this.failed.push({ index, error });
    this.left--;
    this.finishIfDone();
  }

  reject(error: AppError): void {
    if (this.settled) return;
    this.settled = true;
    this.refuse(error);
  }

  private finishIfDone(): void {
    if (this.left > 0) return;
    this.settled = true;
    this.failed.sort((a, b) => a.index - b.index);
    const outputs = Object.fromEntries(this.gatherers.map(([name, gather]) => [name, gather.finish()]));
    this.resolve({ outputs, failed: this.failed });
  }
}

/** First record of each item, for the ragged outputs of a batch. */
export type RowStarts = Readonly<Record<string, Uint32Array | undefined>>;

export function rowStarts(output: BatchOutput): RowStarts {
  return Object.fromEntries(
    Object.entries(output.outputs).map(([name, { counts }]) => [name, counts && runningSum(counts)]),
  );
}

interface Gatherer {
  take(index: number, tensor: BatchTensor, position: number, starts: Uint32Array | undefined): void;
  finish(): OutputTensor;
}

function gatherer(spec: OutputSpec, itemCount: number): Gatherer {
  return 'dim' in spec ? denseGatherer(spec.dim, itemCount) : raggedGatherer(spec.fields.length, itemCount);
}

function denseGatherer(dim: number, itemCount: number): Gatherer {
  const data = new Float32Array(itemCount * dim);
  return {
    take(index, tensor, position) {
      data.set(tensor.data.subarray(position * dim, (position + 1) * dim), index * dim);
    },
    finish: () => ({ data, width: dim }),
  };
}

function raggedGatherer(width: number, itemCount: number): Gatherer {
  const records: (Float32Array | undefined)[] = new Array(itemCount);
  return {
    take(index, tensor, position, starts) {
      records[index] = tensor.data.slice(starts![position]! * width, starts![position + 1]! * width);
    },
    finish() {
      const offsets = runningSum(Uint32Array.from(records, (one) => (one?.length ?? 0) / width));
      const data = new Float32Array(offsets[itemCount]! * width);
      records.forEach((one, item) => {
        if (one) data.set(one, offsets[item]! * width);
      });
      return { data, width, offsets };
    },
  };
}

/** (n) counts -> (n + 1) offsets. */
function runningSum(counts: Uint32Array): Uint32Array {
  const sums = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) sums[i + 1] = sums[i]! + counts[i]!;
  return sums;
}
