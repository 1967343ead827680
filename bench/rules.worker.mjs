/** Thread of the rules benchmark, on the built engine: applies rules to its texts, or turns a plain loop, when asked. */
import { parentPort, workerData } from 'node:worker_threads';
import { applyRules, compileRules, sharedWatch } from '../dist/rules/index.js';

const { rules, labels, texts, watch } = workerData;
const compiled = compileRules(rules, labels);
const tasks = texts.map((text) => ({ data: { text } }));

parentPort.on('message', ({ kind, share, turns }) => {
  if (kind === 'loop') {
    parentPort.postMessage({ hits: busyLoop(turns), rules: [] });
    return;
  }
  const own = tasks.slice(Math.floor(share[0] * tasks.length), Math.floor(share[1] * tasks.length));
  const { votes } = applyRules(compiled, own, watch ? { watch: sharedWatch(watch) } : {});
  parentPort.postMessage({ hits: votes.tasks.length, rules: [...votes.rules] });
});
parentPort.postMessage({ ready: true });

/** Integer work in registers: what two threads can do at best on this machine right now. */
function busyLoop(turns) {
  let x = 1;
  for (let i = 0; i < turns; i++) x = (Math.imul(x, 1664525) + 1013904223) | 0;
  return x;
}
