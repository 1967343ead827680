/** Faults: a rule that throws or hangs loses its votes, and all others keep theirs. */
import { Worker } from 'node:worker_threads';
import { describe, expect, it } from 'vitest';
import { entryFile } from '../../src/core/entry.ts';
import {
  applyRules,
  type CompiledRules,
  compileRules,
  mergeVotes,
  overrunDetector,
  parseRules,
  sharedWatch,
  WATCH_BYTES,
  withdrawRules,
} from '../../src/rules/index.ts';

const DOCUMENT = `headstart_rules: 1
rules:
  - {id: free, label: spam, keywords: [free]}
  - {id: evil, label: spam, regex: '(?<!q)\\w*\\w*\\w*\\w*\\w*\\w*\\w*!$'}
  - {id: win, label: spam, regex: '\\bwin\\b'}
`;
const TEXTS = ['free win', 'win', 'a'.repeat(190), 'free'];
const tasks = TEXTS.map((text) => ({ data: { text } }));
const set = parseRules(DOCUMENT);

/** Compiled rules in which one pattern throws on texts that hold "win". */
function sabotaged(): CompiledRules {
  const compiled = compileRules(set.rules, ['spam']);
  const leaves = compiled.leaves.map((leaf) => {
    if (leaf.pattern?.source !== '\\bwin\\b') return leaf;
    const regexp = Object.assign(/x/, {
      test: () => {
        throw new Error('boom');
      },
    });
    return { ...leaf, pattern: { ...leaf.pattern, regexp } };
  });
  return { ...compiled, leaves };
}

describe('a rule that throws', () => {
  const some = tasks.filter((_, i) => i !== 2);

  it('is named, and loses its votes; the others stand', () => {
    const { votes } = applyRules(sabotaged(), some);
    expect(votes.faults).toMatchObject([
      { rule: 2, task: 0, error: { code: 'RULE_FAULT', details: { rule: 'win', task: 0 } } },
    ]);
    expect([...votes.rules]).toEqual([0, 0]);
  });

  it('loses its votes in every part when it fails in one', () => {
    const good = compileRules(set.rules, ['spam']);
    const parts = [
      applyRules(good, some.slice(0, 1)).votes,
      applyRules(sabotaged(), some.slice(1), { firstTask: 1 }).votes,
    ];
    expect([...parts[0]!.rules]).toEqual([0, 2]);
    const merged = mergeVotes(parts, 3);
    expect([...merged.rules]).toEqual([0, 0]);
    expect(merged.faults).toHaveLength(1);
  });
});

describe('a rule that hangs', () => {
  it('is seen from outside, its thread is ended, and the rest is done again without it', async () => {
    const buffer = new SharedArrayBuffer(WATCH_BYTES);
    const code = `import(${JSON.stringify(`file://${entryFile(import.meta.url.replace('/test/', '/src/'), './index.ts')}`)}).then(
      ({ applyRules, compileRules, sharedWatch }) => {
        const { workerData } = require('node:worker_threads');
        applyRules(compileRules(workerData.rules, ['spam']), workerData.tasks, { watch: sharedWatch(workerData.buffer) });
      });`;
    const worker = new Worker(code, { eval: true, workerData: { rules: set.rules, tasks, buffer } });
    const detect = overrunDetector(buffer, 100);
    const overrun = await new Promise<{ rule: number; task: number }>((done, fail) => {
      worker.once('error', fail);
      worker.once('exit', () => fail(new Error('the evil pattern ended')));
      const timer = setInterval(() => {
        const found = detect(performance.now());
        if (!found) return;
        clearInterval(timer);
        done(found);
      }, 10);
    });
    worker.removeAllListeners();
    await worker.terminate();
    expect(overrun).toMatchObject({ rule: 1, task: 2 });
    const rest = set.rules.map((rule, i) => (i === overrun.rule ? { ...rule, enabled: false } : rule));
    const { votes } = applyRules(compileRules(rest, ['spam']), tasks);
    expect(Array.from(votes.tasks, (task, i) => [task, votes.rules[i]])).toEqual([
      [0, 0],
      [0, 2],
      [1, 2],
      [3, 0],
    ]);
  });

  it('leaves no vote behind when it is withdrawn', () => {
    const { votes } = applyRules(compileRules(set.rules, ['spam']), tasks.slice(0, 2));
    expect([...withdrawRules(votes, new Set([2])).rules]).toEqual([0]);
  });

  it('is not suspected while patterns come and go', () => {
    const buffer = new SharedArrayBuffer(WATCH_BYTES);
    const watch = sharedWatch(buffer);
    const detect = overrunDetector(buffer, 100);
    for (let now = 0; now < 1000; now += 50) {
      watch.enter(0, now);
      expect(detect(now)).toBeUndefined();
      watch.leave();
    }
    watch.enter(3, 7);
    expect(detect(1000)).toBeUndefined();
    expect(detect(1050)).toBeUndefined();
    expect(detect(1150)).toEqual({ rule: 3, task: 7, ms: 150 });
  });
});

describe('cost', () => {
  it('is accounted per rule, and the scan for all', () => {
    let now = 0;
    const { cost } = applyRules(compileRules(set.rules, ['spam']), tasks.slice(0, 2), { clock: () => now++ });
    expect(cost.chars).toBe(TEXTS[0]!.length + TEXTS[1]!.length);
    expect(cost.scanMs).toBeGreaterThan(0);
    expect(cost.ruleMs[2]).toBeGreaterThan(0);
  });
});
