/**
 * One label, many look-alikes, and the sense to abstain. Pure: typed arrays and plain data in and out.
 *
 * ```ts
 * const pool = preparePool(new KernelHeap({ bytes: 256 << 20 }), rows, dim); // rows (n x dim), any length
 * const { choice, gate } = propagate(pool, { classCount: 2, items: [4, 9], classes: [0, 1] }, verified);
 * for (const item of gate.accepted) vote(item, gate.labels[item], choice.method);
 * ```
 */
export { type Affinity, affinityOf } from './affinity.ts';
export { type Choice, chooseMethod, FIRST_METHOD, type MethodEvidence } from './choose.ts';
export { lowerBound, upperBound } from './clopper-pearson.ts';
export {
  CONTRIBUTORS,
  type Contributor,
  type ContributorTable,
  contributorSteps,
  contributorsOf,
  contributorTable,
} from './contributors.ts';
export {
  type CopyConflict,
  type CopyGroup,
  type CopyPair,
  contentKey,
  copyConflicts,
  copyGroups,
  EMBEDDING_SIMILARITY,
  equalContent,
  similarEmbeddings,
  similarTextSteps,
  similarTexts,
  TEXT_SIMILARITY,
} from './duplicates.ts';
export {
  type Gate,
  type GateEvidence,
  type GateOptions,
  type MoreVerified,
  openGate,
  type SecondStage,
} from './gate.ts';
export { exactGraph, GRAPH_NEIGHBOURS, GraphBuilder, type NeighbourGraph, type NeighbourSource } from './graph.ts';
export { buildGraph, type GraphBuildOptions, graphFromIndex, type KnownGraph } from './graph-build.ts';
export { type LayoutOptions, layoutGraph } from './layout.ts';
export { addToField, type Field, type FieldMethod, SPREADING_PASSES, solveField } from './methods/field.ts';
export { type HeadSpread, headSpread } from './methods/head.ts';
export { METHOD_NAMES, type MethodName, runMethods } from './methods/methods.ts';
export { labelsOf, type Spread } from './methods/spread.ts';
export type { IndexKind, IndexMetric, IndexName, IndexOptions, NeighbourIndex } from './neighbour-index.ts';
export { precisionCurve } from './platt.ts';
export { type PropagationPool, poolOf, preparePool } from './pool.ts';
export { principalPlane } from './principal-plane.ts';
export { type PropagateOptions, type Propagation, propagate, propagateSteps } from './propagate.ts';
export type { BulkLabels } from './remaining.ts';
export { type SpanSearch, sameSpans, type TextSpan } from './same-span.ts';
export { planSecondStage, type StagePlan } from './second-stage.ts';
export { checkSeeds, NO, type Seeds, YES } from './seeds.ts';
export { correctShares, type ShareTest, testShares } from './shares.ts';
export { IMAGE_BITS, type ImageHash, similarImageSteps, similarImages } from './similar-images.ts';
export { sparsePass } from './sparse.ts';
export { checkVerified, NOTHING_VERIFIED, type Verified } from './verified.ts';
