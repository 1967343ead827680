/** The compiled WebAssembly module: its functions as types, and one instance over a given memory. */
import { KERNELS_BASE64 } from './module.generated.ts';

/** Byte address inside the heap's memory; 0 stands for "none". */
type Address = number;

/** What `assembly/index.ts` exports. Shapes and meanings are documented at the wrappers. */
export interface KernelExports {
  matvec(x: Address, n: number, stride: number, v: Address, out: Address): void;
  gemm(x: Address, n: number, stride: number, w: Address, c: number, bias: Address, out: Address): void;
  addOuter(out: Address, n: number, c: number, u: Address, shift: number, e: Address): void;
  measureRows(x: Address, n: number, stride: number, lengths: Address, scale: number): void;
  squaredLengths(x: Address, n: number, stride: number, out: Address): void;
  firstNonFinite(x: Address, n: number): number;
  margin(p: Address, n: number, c: number, out: Address): void;
  leastConfidence(p: Address, n: number, c: number, out: Address): void;
  entropy(p: Address, n: number, c: number, out: Address): void;
  softmaxRows(x: Address, n: number, c: number, scale: number, out: Address): void;
  // biome-ignore format: one line per kernel
  scoreLogits(x: Address, n: number, c: number, u: Address, e: Address, scale: number, kind: number, out: Address): void;
  // biome-ignore format: one line per kernel
  select(scores: Address, n: number, k: number, slack: number, rows: Address, values: Address, scratch: Address, capacity: number): number;
  collectAtLeast(values: Address, n: number, least: number, rows: Address, capacity: number): number;
  kCenterStep(x: Address, n: number, stride: number, squares: Address, pick: number, least: Address): number;
  // biome-ignore format: one line per kernel
  badgeStep(x: Address, n: number, stride: number, g: Address, width: number, squares: Address, pick: number, least: Address): void;
  race(weights: Address, n: number, seed: number, error: number, upper: Address): number;
  squaresFromDots(dots: Address, n: number, squares: Address, own: number, out: Address): void;
  rbf(squares: Address, n: number, scale: number, scales: Address, out: Address): void;
  gains(kernel: Address, rows: number, n: number, coverage: Address, weights: Address, out: Address): void;
  coverWith(coverage: Address, kernel: Address, n: number): void;
  // biome-ignore format: one line per kernel
  mergeTopK(similarity: Address, rows: number, columns: number, pitch: number, rowBase: number, columnBase: number, k: number, values: Address, ids: Address): void;
  gemm64(x: Address, n: number, stride: number, w: Address, c: number, out: Address): void;
  addWeighted64(x: Address, n: number, stride: number, r: Address, c: number, out: Address): void;
}

export interface LinearMemory {
  readonly buffer: ArrayBuffer;
}

/** The part of the WebAssembly API in use; the compiler's library for Node does not declare it. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown };
  readonly Memory: new (size: { initial: number; maximum: number }) => LinearMemory;
}

const { Module, Instance, Memory } = (globalThis as unknown as { WebAssembly: WebAssemblyApi }).WebAssembly;

export const PAGE_BYTES = 65_536;

/** Memory of exactly this size: pages cost address space until they are touched, and it never grows or moves. */
export function createMemory(pages: number): LinearMemory {
  return new Memory({ initial: pages, maximum: pages });
}

// Compiled once per thread; it is code without state, so sharing it between heaps is safe.
let compiled: object | undefined;

export function instantiate(memory: LinearMemory): KernelExports {
  compiled ??= new Module(Buffer.from(KERNELS_BASE64, 'base64'));
  return new Instance(compiled, { env: { memory } }).exports as KernelExports;
}
