/** The graph as bytes: flat arrays behind a short head, with the ids of its items beside them. */
import { AppError } from '../core/errors.ts';
import type { NeighbourGraph } from './graph.ts';

const MAGIC = 0x4e47_5031;

export interface NamedGraph {
  readonly graph: NeighbourGraph;
  /** (itemCount) what the caller calls its items. */
  readonly ids: Uint32Array;
}

export function encodeGraph({ graph, ids }: NamedGraph): Uint8Array {
  const { k, itemCount, starts, neighbours, similarities } = graph;
  const head = Int32Array.of(MAGIC, k, itemCount, neighbours.length);
  const parts = [head, ids, starts, neighbours, similarities];
  return Buffer.concat(parts.map((part) => new Uint8Array(part.buffer, part.byteOffset, part.byteLength)));
}

/** Throws STORE_CORRUPT for bytes of another form. */
export function decodeGraph(bytes: Uint8Array): NamedGraph {
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const [magic, k, n, edges] = new Int32Array(buffer, 0, Math.min(4, buffer.byteLength >> 2));
  if (magic !== MAGIC || buffer.byteLength !== 4 * (4 + n! + (n! + 1) + 2 * edges!)) {
    throw new AppError('STORE_CORRUPT', 'The file holds no neighbour graph.');
  }
  let at = 16;
  const take = (count: number): number => {
    const from = at;
    at += 4 * count;
    return from;
  };
  const ids = new Uint32Array(buffer, take(n!), n!);
  const starts = new Int32Array(buffer, take(n! + 1), n! + 1);
  const neighbours = new Int32Array(buffer, take(edges!), edges!);
  const similarities = new Float32Array(buffer, take(edges!), edges!);
  return { graph: { k: k!, itemCount: n!, starts, neighbours, similarities }, ids };
}
