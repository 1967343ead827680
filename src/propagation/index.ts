/** One label, many look-alikes, and the sense to abstain: pure functions on typed arrays. */
export {
  exactGraph,
  extendGraph,
  GRAPH_NEIGHBOURS,
  GraphBuilder,
  graphFrom,
  type NeighbourGraph,
  type NeighbourSource,
} from './graph.ts';
