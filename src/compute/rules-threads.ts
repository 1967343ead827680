/** The rules port on a thread pool, with the keeper that cuts off a rule whose single match does not end. */
import type { Piscina } from 'piscina';
import { entryFile } from '../core/entry.ts';
import { AppError } from '../core/errors.ts';
import {
  mergeVotes,
  type Overrun,
  overrunDetector,
  type Rule,
  type RuleFault,
  ruleSet,
  type TaskView,
  WATCH_BYTES,
} from '../rules/index.ts';
import type { MatchedRules, RuleCompute, RuleProgram } from './rules-compute.ts';
import type { MatchCall } from './rules-worker.ts';

/** A match of a safe pattern takes microseconds; this is what an author would still call instant. */
const OVERRUN_MS = 150;
const LOOK_MS = 25;
/** A busy machine can hold a thread up once; a rule that hangs hangs again. */
const STRIKES = 2;

export function rulesOn(pool: Piscina): RuleCompute {
  const filename = entryFile(import.meta.url, './rules-worker.ts');
  const call = <T>(name: string, fields: object): Promise<T> => pool.run(fields, { filename, name });
  return {
    check: (text, options) => call('check', { text, options }),
    match: (program, tasks, firstTask) =>
      matchWatched(
        (fields, signal) => pool.run(fields, { filename, name: 'match', signal }),
        program,
        tasks,
        firstTask,
      ),
    examine: (examination) => call('examine', examination),
    compare: (comparison) => call('compare', comparison),
    suggestSpans: (texts, marked, options) => call('suggestSpans', { texts, marked, options }),
    suggest: (texts, truth, label, options) => call('suggest', { texts, truth, label, options }),
  };
}

type Match = (call: MatchCall, signal: AbortSignal) => Promise<MatchedRules | null>;

async function matchWatched(
  run: Match,
  program: RuleProgram,
  tasks: readonly TaskView[],
  firstTask: number,
): Promise<MatchedRules> {
  const strikes = new Map<number, number>();
  const faults: RuleFault[] = [];
  for (let usable = program; ; ) {
    const outcome = await attempt(run, usable, tasks, firstTask);
    if ('votes' in outcome) {
      if (faults.length === 0) return outcome;
      const votes = mergeVotes([{ ...outcome.votes, faults: [...outcome.votes.faults, ...faults] }], tasks.length);
      return { ...outcome, votes };
    }
    const count = (strikes.get(outcome.rule) ?? 0) + 1;
    strikes.set(outcome.rule, count);
    if (count < STRIKES) continue;
    faults.push(faultOf(program.rules[outcome.rule]!, outcome));
    usable = without(usable, outcome.rule);
  }
}

/** One try on one thread; the thread is ended when a match in it does not end. */
async function attempt(
  run: Match,
  program: RuleProgram,
  tasks: readonly TaskView[],
  firstTask: number,
): Promise<MatchedRules | Overrun> {
  const watch = new SharedArrayBuffer(WATCH_BYTES);
  const abort = new AbortController();
  const overran = overrunDetector(watch, OVERRUN_MS);
  let overrun: Overrun | undefined;
  const timer = setInterval(() => {
    overrun ??= overran(performance.now());
    if (overrun) abort.abort();
  }, LOOK_MS);
  try {
    const known = await run({ program: { key: program.key }, tasks, firstTask, watch }, abort.signal);
    return known ?? (await run({ program, tasks, firstTask, watch }, abort.signal))!;
  } catch (error) {
    if (overrun) return overrun;
    throw error;
  } finally {
    clearInterval(timer);
  }
}

/** The rule keeps its number and says nothing. */
function without(program: RuleProgram, index: number): RuleProgram {
  const rules = program.rules.map((rule, i) => (i === index ? { ...rule, enabled: false } : rule));
  return { ...program, key: `${program.key}/${ruleSet(rules).version}`, rules };
}

function faultOf({ id, version }: Rule, { rule, task, ms }: Overrun): RuleFault {
  const message = `Rule '${id}' ran longer than ${Math.round(ms)} ms on one text; all votes of this version are withdrawn.`;
  const details = { rule: id, version, task };
  return { rule, task, error: new AppError('RULE_FAULT', message, { details }).toPlain() };
}
