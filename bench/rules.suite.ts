/** The rule engine beside a naive RegExp loop, Aho-Corasick, more rules, more threads, other scripts, and evil patterns. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { parse } from 'csv-parse/sync';
import AhoCorasick from 'modern-ahocorasick';
import { seededRandom, shuffle } from '../src/core/random.ts';
import {
  applyRules,
  compileRules,
  overrunDetector,
  parseRules,
  type Rule,
  type TaskView,
  WATCH_BYTES,
} from '../src/rules/index.ts';
import { type Figure, interleave, type Suite, type SuiteOptions, timeMs } from './harness.ts';
import { millionTexts } from './rules-million.ts';

type Report = (figure: Figure) => void;
const DATA = resolve(import.meta.dirname, '../../shared/data/text');
const RUNS = 5;
const LABELS = ['ham', 'spam'];

export const suite: Suite = {
  name: 'rules',
  async run(report: Report, options: SuiteOptions): Promise<void> {
    if (!existsSync(DATA)) {
      process.stderr.write('rules: ../shared/data/text is not there, nothing measured\n');
      return;
    }
    const texts = readTexts(options.quick ? 20_000 : 100_000);
    const patterns = realPatterns().slice(0, 50);
    const lists = inLists(words(texts, 2), 50, 20);
    const rules = toRules(patterns, lists);
    await againstNaive(report, texts, patterns, lists, rules);
    await againstAhoCorasick(report, texts, lists, rules);
    await moreRules(report, texts, patterns, rules);
    await otherScripts(report, options.quick);
    await twoWorkers(report, texts, rules);
    await watchdog(report, texts.slice(0, 500), rules);
    await preview(report, texts.slice(0, 1000), rules);
    await millionTexts(report, texts, documentOf(patterns, lists), options.quick ? 20_000 : 1_000_000);
  },
};

/** Short texts of the shared sets in a fixed mixed order, repeated up to the count. */
function readTexts(count: number): string[] {
  const files = [
    'sms-spam/collection',
    'youtube-spam/train',
    'sst2/train',
    'ag-news/dev',
    'banking77-train/train',
    'clinc150/train',
  ];
  const all: string[] = [];
  for (const file of files) {
    const rows = parse(readFileSync(join(DATA, `${file}.csv`)), { columns: true, bom: true }) as { text: string }[];
    for (const { text } of rows) all.push(text);
  }
  shuffle(all, seededRandom('rules', 'texts'));
  return Array.from({ length: count }, (_, i) => all[i % all.length]!);
}

function realPatterns(): string[] {
  const lines = readFileSync(join(DATA, 'sms-spam/rules.jsonl'), 'utf8').trim().split('\n');
  return lines.map((line) => (JSON.parse(line) as { pattern: string }).pattern);
}

/** Words that the texts hold, at least `least` and at most 40 times in the first 50,000, in a fixed mixed order. */
function words(texts: readonly string[], least: number): string[] {
  const counts = new Map<string, number>();
  for (const text of texts.slice(0, 50_000)) {
    for (const word of new Set(text.toLowerCase().match(/\b[a-z]{4,}\b/g)))
      counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const kept = [...counts].filter(([, n]) => n >= least && n <= 40).map(([word]) => word);
  return shuffle(kept.sort(), seededRandom('rules', 'words'));
}

function inLists(all: readonly string[], lists: number, size: number): string[][] {
  return Array.from({ length: lists }, (_, i) => all.slice(i * size, (i + 1) * size));
}

function documentOf(patterns: readonly string[], lists: readonly (readonly string[])[]): string {
  const rules = [
    ...patterns.map((pattern, i) => ({ id: `regex-${i}`, label: LABELS[i % 2], regex: { pattern, flags: 'i' } })),
    ...lists.map((words, i) => ({ id: `words-${i}`, label: LABELS[i % 2], keywords: words })),
  ];
  return JSON.stringify({ headstart_rules: 1, rules });
}

function toRules(patterns: readonly string[], lists: readonly (readonly string[])[]): readonly Rule[] {
  return parseRules(documentOf(patterns, lists), { labels: LABELS }).rules;
}

const toTasks = (texts: readonly string[]): TaskView[] => texts.map((text) => ({ data: { text } }));

async function againstNaive(
  report: Report,
  texts: readonly string[],
  patterns: readonly string[],
  lists: readonly (readonly string[])[],
  rules: readonly Rule[],
): Promise<void> {
  const compiled = compileRules(rules, LABELS);
  const tasks = toTasks(texts);
  const naive = [...patterns, ...lists.map((words) => `\\b(?:${words.join('|')})\\b`)].map(
    (source) => new RegExp(source, 'i'),
  );
  let hits = 0;
  const { oursMs, baselineMs, ...ratio } = await interleave(
    RUNS,
    () => applyRules(compiled, tasks),
    () => {
      hits = 0;
      for (const text of texts) for (const regexp of naive) if (regexp.test(text)) hits++;
    },
  );
  const { votes } = applyRules(compiled, tasks);
  const different = countDifferent(texts, naive, votes.tasks, votes.rules);
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  report({
    figure: 'vs_naive_regexp',
    value: 1 / ratio.value,
    min: 1 / ratio.max,
    max: 1 / ratio.min,
    runs: RUNS,
    unit: 'x',
    baseline: '100 RegExp.test per text, same thread',
    n: texts.length,
    extra: {
      hits: votes.tasks.length,
      naive_hits: hits,
      different_hits: different,
      texts_per_s: (texts.length / oursMs) * 1000,
      mb_per_s: chars / oursMs / 1000,
      naive_ms: baselineMs,
    },
  });
}

function countDifferent(
  texts: readonly string[],
  naive: readonly RegExp[],
  tasks: Uint32Array,
  rules: Uint32Array,
): number {
  const ours = new Set<number>();
  for (let i = 0; i < tasks.length; i++) ours.add(tasks[i]! * naive.length + rules[i]!);
  let different = 0;
  texts.forEach((text, task) => {
    naive.forEach((regexp, rule) => {
      if (regexp.test(text) !== ours.has(task * naive.length + rule)) different++;
    });
  });
  return different;
}

async function againstAhoCorasick(
  report: Report,
  texts: readonly string[],
  lists: readonly (readonly string[])[],
  rules: readonly Rule[],
): Promise<void> {
  const some = texts.slice(0, 20_000);
  const lower = some.map((text) => text.toLowerCase());
  const matcher = new AhoCorasick(lists.flat());
  const compiled = compileRules(
    rules.filter((rule) => rule.when.kind === 'keywords'),
    LABELS,
  );
  const tasks = toTasks(some);
  const { oursMs, baselineMs, ...ratio } = await interleave(
    RUNS,
    () => applyRules(compiled, tasks),
    () => {
      let found = 0;
      for (const text of lower) found += matcher.count(text);
      return found;
    },
  );
  const baseline =
    'npm modern-ahocorasick count() of the same 1,000 words on lower-cased text, without whole-word checks';
  const extra = { ours_ms: oursMs, theirs_ms: baselineMs };
  report({
    figure: 'vs_aho_corasick',
    value: 1 / ratio.value,
    min: 1 / ratio.max,
    max: 1 / ratio.min,
    runs: RUNS,
    unit: 'x',
    baseline,
    n: some.length,
    extra,
  });
}

/** 500 regular expressions of the real shapes with other words, 500 lists of 20 words: ten times the rules. */
async function moreRules(
  report: Report,
  texts: readonly string[],
  patterns: readonly string[],
  rules: readonly Rule[],
): Promise<void> {
  const all = words(texts, 1);
  const lists = inLists(all, 500, 20);
  const rest = all.slice(10_000);
  const shapes = patterns.filter((pattern) => /^\( \|\^\)\(\w+\|/.test(pattern));
  const made = Array.from({ length: 450 }, (_, i) => {
    let next = i * 3;
    return shapes[i % shapes.length]!.replace(/\((\w+)(?:\|[\w.!]+)+\)/g, () => {
      const word = rest[next++ % rest.length]!;
      return `(${word}|${word})`;
    });
  });
  const many = compileRules(toRules([...patterns, ...made], lists), LABELS);
  const hundred = compileRules(rules, LABELS);
  const tasks = toTasks(texts);
  const { oursMs, baselineMs, ...ratio } = await interleave(
    RUNS,
    () => applyRules(many, tasks),
    () => applyRules(hundred, tasks),
  );
  const extra = {
    rules: many.rules.length,
    words: lists.flat().length,
    hits: applyRules(many, tasks).votes.tasks.length,
    thousand_ms: oursMs,
    hundred_ms: baselineMs,
    always: many.always.length,
  };
  report({
    figure: 'thousand_rules_vs_hundred',
    ...ratio,
    unit: 'x',
    baseline: '100 rules / 1,000 words on the same texts',
    n: texts.length,
    extra,
  });
}

const SYLLABLES: Readonly<Record<string, readonly string[]>> = {
  english: ['the', 'ring', 'ate', 'or', 'in', 'free', 'call', 'most', 'er', 'and', 'sun', 'lay'],
  german: ['für', 'schön', 'größ', 'e', 'er', 'straß', 'über', 'ung', 'mäß', 'lich', 'und', 'ge'],
  russian: ['при', 'вет', 'бес', 'плат', 'но', 'зво', 'нок', 'ста', 'ро', 'ва', 'ние', 'под'],
  chinese: ['免', '费', '电', '话', '中', '奖', '立', '即', '回', '复', '信', '息'],
};

/** Texts of made-up words in four scripts, with 50 lists and 50 patterns each; speed per character against English. */
async function otherScripts(report: Report, quick: boolean): Promise<void> {
  const count = quick ? 5_000 : 20_000;
  const made = new Map(Object.keys(SYLLABLES).map((language) => [language, madeUp(language, count)]));
  const english = made.get('english')!;
  let worst = { value: Number.POSITIVE_INFINITY, min: 0, max: 0, language: '' };
  const extra: Record<string, number> = {};
  for (const [language, other] of made) {
    if (language === 'english') continue;
    const { value, min, max } = await interleave(
      RUNS,
      () => applyRules(other.compiled, other.tasks),
      () => applyRules(english.compiled, english.tasks),
    );
    const scale = other.chars / english.chars;
    extra[language] = scale / value;
    if (scale / value < worst.value) worst = { value: scale / value, min: scale / max, max: scale / min, language };
  }
  const { language, ...ratio } = worst;
  report({
    figure: 'unicode_vs_ascii',
    ...ratio,
    runs: RUNS,
    unit: 'x',
    baseline: 'characters/s on English-like ASCII, worst of three scripts',
    n: count,
    extra: { ...extra, worst: language },
  });
}

function madeUp(
  language: string,
  count: number,
): { tasks: TaskView[]; chars: number; compiled: ReturnType<typeof compileRules> } {
  const random = seededRandom('rules', language);
  const syllables = SYLLABLES[language]!;
  const word = (): string =>
    Array.from({ length: 1 + random.int(3) }, () => syllables[random.int(syllables.length)]!).join('');
  const space = language === 'chinese' ? '' : ' ';
  const texts = Array.from({ length: count }, () =>
    Array.from({ length: language === 'chinese' ? 40 : 18 }, word).join(space),
  );
  // Four syllables make words that texts hold now and then, as real lists do.
  const rare = (): string => Array.from({ length: 4 }, () => syllables[random.int(syllables.length)]!).join('');
  const lists = Array.from({ length: 50 }, () => Array.from({ length: 20 }, rare));
  const patterns = Array.from({ length: 50 }, () => `${rare()}[^\\s]*${space}${word()}`);
  const rules = toRules(patterns, lists);
  return {
    tasks: toTasks(texts),
    chars: texts.reduce((sum, text) => sum + text.length, 0),
    compiled: compileRules(rules, LABELS),
  };
}

interface Thread {
  ask(message: object): Promise<{ hits: number; rules: number[] }>;
  stop(): Promise<unknown>;
}

async function startThread(
  rules: readonly Rule[],
  texts: readonly string[],
  watch: SharedArrayBuffer | null,
): Promise<Thread> {
  const worker = new Worker(new URL('./rules.worker.mjs', import.meta.url), {
    workerData: { rules, labels: LABELS, texts, watch },
  });
  const next = <T>(): Promise<T> =>
    new Promise((done, fail) => {
      worker.removeAllListeners();
      worker.once('message', done);
      worker.once('error', fail);
      worker.once('exit', () => fail(new Error('thread ended')));
    });
  await next();
  return {
    ask(message) {
      const answer = next<{ hits: number; rules: number[] }>();
      worker.postMessage(message);
      return answer;
    },
    stop: () => worker.terminate(),
  };
}

/** How much two threads gain over one, relative to what a plain loop gains at the same time. */
async function twoWorkers(report: Report, texts: readonly string[], rules: readonly Rule[]): Promise<void> {
  const threads = await Promise.all([0, 1].map(() => startThread(rules, texts, null)));
  const [first, second] = threads as [Thread, Thread];
  const turns = 150_000_000;
  const one = (message: object): Promise<number> => timeMs(() => first.ask(message));
  const both = (a: object, b: object): Promise<number> => timeMs(() => Promise.all([first.ask(a), second.ask(b)]));
  const rounds: { rules: number; loop: number }[] = [];
  for (let i = 0; i <= RUNS; i++) {
    const rulesOne = await one({ kind: 'rules', share: [0, 1] });
    const rulesTwo = await both({ kind: 'rules', share: [0, 0.5] }, { kind: 'rules', share: [0.5, 1] });
    const loopOne = await one({ kind: 'loop', turns });
    const loopTwo = await both({ kind: 'loop', turns: turns / 2 }, { kind: 'loop', turns: turns / 2 });
    // The first round warms up.
    if (i > 0) rounds.push({ rules: rulesOne / rulesTwo, loop: loopOne / loopTwo });
  }
  await Promise.all(threads.map((thread) => thread.stop()));
  const best = (pick: (round: { rules: number; loop: number }) => number): number => Math.max(...rounds.map(pick));
  const ratios = rounds.map((round) => round.rules / round.loop);
  report({
    figure: 'two_workers_vs_busy_loop',
    value: best((round) => round.rules) / best((round) => round.loop),
    min: Math.min(...ratios),
    max: Math.max(...ratios),
    runs: RUNS,
    unit: 'x',
    baseline: 'speed-up of an integer loop on the same two threads, interleaved; best of each',
    n: texts.length,
    extra: { rules_speedup: best((round) => round.rules), loop_speedup: best((round) => round.loop) },
  });
}

const LIMIT_MS = 100;

/** A look-around pattern of high degree in the middle of real rules: time until its thread is gone, others unharmed. */
async function watchdog(report: Report, texts: readonly string[], rules: readonly Rule[]): Promise<void> {
  const [evil] = parseRules(
    JSON.stringify({
      headstart_rules: 1,
      rules: [{ id: 'evil', label: 'spam', regex: '(?<!q)\\w*\\w*\\w*\\w*\\w*\\w*\\w*!$' }],
    }),
  ).rules as [Rule];
  const own = [...texts.slice(0, 250), 'a'.repeat(190), ...texts.slice(250)];
  const expected = applyRules(compileRules(rules, LABELS), toTasks(own)).votes;
  const times: number[] = [];
  let unharmed = true;
  for (let i = 0; i < RUNS; i++) {
    const buffer = new SharedArrayBuffer(WATCH_BYTES);
    const thread = await startThread([...rules, evil], own, buffer);
    const detect = overrunDetector(buffer, LIMIT_MS);
    const started = performance.now();
    void thread.ask({ kind: 'rules', share: [0, 1] }).catch(() => undefined);
    const found = await new Promise<{ rule: number }>((done) => {
      const timer = setInterval(() => {
        const overrun = detect(performance.now());
        if (!overrun) return;
        clearInterval(timer);
        done(overrun);
      }, 10);
    });
    await thread.stop();
    times.push(performance.now() - started);
    const again = await startThread(
      [...rules, evil].filter((_, rule) => rule !== found.rule),
      own,
      null,
    );
    const { hits, rules: voted } = await again.ask({ kind: 'rules', share: [0, 1] });
    await again.stop();
    unharmed &&=
      found.rule === rules.length &&
      hits === expected.tasks.length &&
      voted.every((rule, r) => rule === expected.rules[r]);
  }
  const baseline = `from the start of the chunk to the end of its thread, limit ${LIMIT_MS} ms`;
  report({
    figure: 'watchdog_ms',
    value: Math.min(...times),
    min: Math.min(...times),
    max: Math.max(...times),
    runs: RUNS,
    unit: 'ms',
    baseline,
    n: own.length,
    extra: { others_unharmed: unharmed ? 'yes' : 'no' },
  });
}

/** A draft rule against 1,000 tasks, with all matches and their places: parse, compile, apply. */
async function preview(report: Report, texts: readonly string[], rules: readonly Rule[]): Promise<void> {
  const draft =
    'headstart_rules: 1\nrules:\n  - id: draft\n    label: spam\n    when:\n      any:\n        - keywords: [free, win, claim, click here]\n        - regex: "call (now|\\\\d+)"\n    spans: true\n';
  const tasks = toTasks(texts);
  const others = compileRules(rules, LABELS);
  const { oursMs, baselineMs, ...ratio } = await interleave(
    RUNS,
    () => applyRules(compileRules(parseRules(draft, { labels: LABELS }).rules, LABELS, { collect: true }), tasks),
    () => applyRules(others, tasks),
  );
  const baseline = '100 compiled rules on the same 1,000 texts';
  report({
    figure: 'preview_of_draft',
    ...ratio,
    unit: 'x',
    baseline,
    n: texts.length,
    extra: { preview_ms: oursMs, hundred_ms: baselineMs },
  });
}
