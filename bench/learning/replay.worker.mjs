/** Thread of the learning benchmark, on the built learner: replays a set under one strategy and seed when asked. */
import { parentPort } from 'node:worker_threads';
import { queryStrategy } from '../../dist/sampling/index.js';
import { replay } from '../../dist/sampling/simulation/index.js';

/** A strategy by name; `random, same head`: random labels that the head reads like asked ones. */
function strategyOf(name) {
  const [own, sameHead] = name.split(', ');
  return sameHead === undefined ? own : { ...queryStrategy(own), unbiased: false };
}

parentPort.on('message', ({ set, strategy, seed }) => parentPort.postMessage(replay(set, strategyOf(strategy), seed)));
