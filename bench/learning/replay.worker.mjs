/** Thread of the learning benchmark, on the built learner: replays a set under one strategy and seed when asked. */
import { parentPort } from 'node:worker_threads';
import { replay } from '../../dist/sampling/simulation/index.js';

parentPort.on('message', ({ set, strategy, seed }) => parentPort.postMessage(replay(set, strategy, seed)));
