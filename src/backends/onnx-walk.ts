/**
 * Walks over every part of an ONNX file before anything else looks at it. onnxruntime refuses weights in other files
 * where the main graph names them, and reads them (any path, relative to the process) where the branch of an `If` or the
 * body of a `Loop` does; so they are looked for in everything that can hold a tensor.
 */
import { AppError } from '../core/errors.ts';
import { bytesIn, type Field, numberIn, readFields } from './protobuf.ts';

/** What a message may hold: field number -> the message in it. Numbers are those of onnx.proto. */
interface Message {
  readonly holds: Readonly<Record<number, () => Message>>;
  /** Fields that say where else the bytes of a tensor lie. */
  readonly refused?: readonly number[];
}

const TENSOR: Message = { holds: {}, refused: [13, 14] };
const SPARSE: Message = { holds: { 1: () => TENSOR, 2: () => TENSOR } };
const ATTRIBUTE: Message = {
  holds: {
    ...{ 5: () => TENSOR, 10: () => TENSOR },
    ...{ 6: () => GRAPH, 11: () => GRAPH },
    ...{ 22: () => SPARSE, 23: () => SPARSE },
  },
};
const NODE: Message = { holds: { 5: () => ATTRIBUTE } };
const GRAPH: Message = { holds: { 1: () => NODE, 5: () => TENSOR, 15: () => SPARSE } };
const FUNCTION: Message = { holds: { 7: () => NODE, 11: () => ATTRIBUTE } };
const TRAINING: Message = { holds: { 1: () => GRAPH, 2: () => GRAPH } };
const MODEL: Message = { holds: { 7: () => GRAPH, 20: () => TRAINING, 25: () => FUNCTION } };

/** The readers of protobuf in use allow as many messages within each other. */
const DEPTH_MAX = 100;
/** The largest graphs in use have 100,000 nodes of some ten fields; more only keep the reader busy. */
const FIELDS_MAX = 1_500_000;
/** Of names and other texts, which become strings: a thousand bytes for each node of such a graph. */
const TEXT_BYTES_MAX = 100_000_000;

/** Throws BACKEND_UNVERIFIED for weights in other files, BACKEND_LOAD for what is no ONNX, LIMIT_SIZE for too many parts. */
export function assertSelfContained(bytes: Uint8Array): void {
  walk(bytes, MODEL, { fields: FIELDS_MAX, textBytes: TEXT_BYTES_MAX }, DEPTH_MAX);
}

interface Budget {
  fields: number;
  textBytes: number;
}

function walk(bytes: Uint8Array, message: Message, budget: Budget, depth: number): void {
  if (depth === 0) throw tooMany();
  for (const field of readFields(bytes)) {
    if (--budget.fields < 0) throw tooMany();
    if (message.refused?.includes(field.number) && !isDefault(field)) {
      throw new AppError('BACKEND_UNVERIFIED', 'The model keeps weights in other files; save it as one file.');
    }
    const inner = message.holds[field.number];
    if (inner) walk(bytesIn(field), inner(), budget, depth - 1);
    else if (message !== TENSOR) budget.textBytes -= bytesIn(field).length;
    if (budget.textBytes < 0) throw tooMany();
  }
}

/** `data_location: DEFAULT`, which some tools write out. */
function isDefault(field: Field): boolean {
  return typeof field.value === 'number' && numberIn(field) === 0;
}

function tooMany(): AppError {
  return new AppError('LIMIT_SIZE', 'The model has more parts than any that is known; it is not read.');
}
