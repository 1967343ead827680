/** Seeing from outside which rule a thread is stuck in: three shared numbers, written by the thread, read by its keeper. */
import type { ApplyWatch } from './apply.ts';

/** Bytes of shared memory that a watched thread needs. */
export const WATCH_BYTES = 12;
const RULE = 0;
const TASK = 1;
const TURN = 2;

/** In the thread: pass this to `applyRules`. One relaxed store per pattern that is run. */
export function sharedWatch(buffer: SharedArrayBuffer): ApplyWatch {
  const cells = new Int32Array(buffer);
  return {
    enter(rule, task) {
      Atomics.store(cells, TASK, task);
      Atomics.store(cells, RULE, rule + 1);
      Atomics.add(cells, TURN, 1);
    },
    leave() {
      Atomics.store(cells, RULE, 0);
    },
  };
}

export interface Overrun {
  readonly rule: number;
  readonly task: number;
  readonly ms: number;
}

/**
 * In the keeper: call at least twice per `limitMs`. Answers once a single match has been running longer than `limitMs`:
 * then terminate the thread, compile without that rule, do the chunk again, and withdraw what the rule said in others
 * (`withdrawRules`).
 */
export function overrunDetector(buffer: SharedArrayBuffer, limitMs: number): (nowMs: number) => Overrun | undefined {
  const cells = new Int32Array(buffer);
  let turn = -1;
  let since = 0;
  return (nowMs) => {
    const rule = Atomics.load(cells, RULE) - 1;
    const now = Atomics.load(cells, TURN);
    if (rule < 0 || now !== turn) {
      turn = now;
      since = nowMs;
      return undefined;
    }
    const ms = nowMs - since;
    return ms > limitMs ? { rule, task: Atomics.load(cells, TASK), ms } : undefined;
  };
}
