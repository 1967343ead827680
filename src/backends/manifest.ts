/** Entries of `models/manifest.json`: what a model is, where its files come from, and what version that makes. */
import { AppError } from '../core/errors.ts';
import type { JsonObject } from '../core/json.ts';
import { stableHash } from '../core/json.ts';
import { LIMITS } from '../core/limits.ts';
import type { InferenceItem, ModelInfo, ModelInput, OutputSpec } from './backend.ts';

export interface ModelEntry {
  readonly name: string;
  readonly kind: string;
  readonly input: ModelInput;
  /** Name of a registered runtime. */
  readonly runtime: string;
  readonly source: ModelSource;
  /** sha-256 in hex of every file that is loaded, by path inside the source. */
  readonly files: Readonly<Record<string, string>>;
  readonly license: string;
  readonly outputs: Readonly<Record<string, OutputSpec>>;
  /** Names of its classes, in the order of `probabilities` or of the `label` field of boxes and spans. */
  readonly labels?: readonly string[];
  /** All that changes the numbers besides the weights; its `revision` counts changes of our own code. */
  readonly processing: JsonObject;
  readonly batch: BatchPolicy;
  /** What it must answer before it may serve. */
  readonly golden?: readonly GoldenAnswer[];
}

/** One input with numbers of its answer. */
export interface GoldenAnswer {
  readonly input: { readonly text: string } | { readonly file: string; readonly sha256: string };
  /** Output -> place in the numbers of this item -> what must stand there. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly tolerance: number;
}

export type ModelSource =
  | { readonly type: 'builtin' }
  | { readonly type: 'npm'; readonly package: string; readonly version: string; readonly folder: string }
  | { readonly type: 'folder'; readonly path: string };

/** How items are gathered. Cost is in tokens for text (estimated by length) and in items for everything else. */
export interface BatchPolicy {
  readonly costMax: number;
  readonly itemsMax: number;
  /** What one item can cost at most, because the runtime reads no more of it. */
  readonly itemCostMax?: number;
  /** Text longer than this many UTF-16 units is cut at admission, or refused where `oversize` says so. */
  readonly unitsMax?: number;
  readonly oversize?: 'truncate' | 'refuse';
}

/** Typical English piece: about four UTF-16 units. Only the plan depends on it, never a result. */
const UNITS_PER_TOKEN = 4;

/** Estimated cost of one item for the batch plan, at least 1. */
export function itemCost(entry: ModelEntry, item: InferenceItem): number {
  if (!('text' in item)) return 1;
  const tokens = Math.max(1, Math.ceil(item.text.length / UNITS_PER_TOKEN));
  return Math.min(tokens, entry.batch.itemCostMax ?? tokens);
}

/**
 * The part of an item that the model reads: longer text is cut here, before it is queued or sent anywhere. Throws
 * LIMIT_SIZE for what the model's policy refuses, and for what no host or not even the whole queue could hold.
 */
export function admitItem(entry: ModelEntry, item: InferenceItem, queueBytesMax: number): InferenceItem {
  const { unitsMax = Number.POSITIVE_INFINITY, oversize = 'truncate' } = entry.batch;
  const bytesMax = 'bytes' in item ? Math.min(LIMITS.inferenceItemBytesMax, queueBytesMax) : queueBytesMax;
  if (itemBytes(item) > bytesMax) throw tooLarge(itemBytes(item), bytesMax, 'bytes');
  if ('bytes' in item) return item;
  if (item.text.length <= unitsMax) return item;
  if (oversize === 'refuse') throw tooLarge(item.text.length, unitsMax, 'UTF-16 units');
  return { text: item.text.slice(0, unitsMax) };
}

function tooLarge(found: number, max: number, unit: string): AppError {
  return new AppError('LIMIT_SIZE', `The item has ${found} ${unit}; the model takes ${max}.`, {
    details: { found, max },
  });
}

export function itemBytes(item: InferenceItem): number {
  return 'text' in item ? 2 * item.text.length : item.bytes.byteLength;
}

/** First 12 hex digits of the hash over weights, runtime, processing, outputs and class names. */
export function modelVersion(entry: ModelEntry): string {
  const { runtime, files, processing, outputs, labels = [] } = entry;
  return stableHash({ runtime, files, processing, outputs, labels }).slice(0, 12);
}

export function modelInfo(entry: ModelEntry): ModelInfo {
  const { name, kind, input, runtime, license, outputs, labels = [] } = entry;
  const version = modelVersion(entry);
  const embedding = outputs.embedding;
  const dim = embedding && 'dim' in embedding ? embedding.dim : 0;
  return { id: `${name}@${version}`, name, version, kind, input, runtime, license, outputs, labels, dim };
}
