/** Runtime for tests: answers at once, or misbehaves on command. A command is the text of an item. */
import { appendFileSync } from 'node:fs';

const DIM = 4;

/** What a leaking model never gives back. */
const kept = [];

/** @param {number} ms */
function block(ms) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** @param {string} text @param {Float32Array} row */
function act(text, row) {
  const [command, argument] = text.split(':');
  if (command === 'crash') process.kill(process.pid, 'SIGSEGV');
  if (command === 'exit') process.exit(3);
  if (command === 'hang') for (;;) block(1_000);
  if (command === 'throw') throw new Error('token id out of range');
  if (command === 'grow') kept.push(Buffer.alloc(Number(argument) * 1_000_000, 1));
  if (command === 'burst') {
    const burst = Buffer.alloc(Number(argument) * 1_000_000, 1);
    block(2_000 + burst[0]);
  }
  if (command === 'sleep') block(Number(argument));
  row.fill(command === 'nan' ? Number.NaN : text.length);
}

/** What the host measures too. User time alone moves in jumps: the kernel parts it from system time by samples. */
function cpuMicros() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Calls of `processing.bestCall` units are the cheapest per unit, from `crashOnProbe` on they kill; the log tells which size is in use. */
function callsOf({ bestCall, log, crashOnProbe }) {
  if (!bestCall) return undefined;
  return {
    standard: 1,
    choices: [1, 2, 4, 8],
    /** @param {number} size */
    async probe(size) {
      if (size >= crashOnProbe) process.kill(process.pid, 'SIGSEGV');
      const msPerUnit = size === bestCall ? 1 : 3;
      const end = cpuMicros() + 1_000 * size * msPerUnit;
      while (cpuMicros() < end);
      return size;
    },
    /** @param {number} size */
    use(size) {
      appendFileSync(String(log), `use ${size}\n`);
    },
  };
}

export const runtime = {
  /** @param {{ processing: Record<string, unknown> }} entry */
  async load({ processing }) {
    if (processing.failLoad) throw new Error('weights are cursed');
    if (processing.crashOnLoad) process.kill(process.pid, 'SIGSEGV');
    return {
      device: 'fake',
      calls: callsOf(processing),
      /** @param {{ text?: string }[]} items without a text where it is to answer for files */
      async run(items) {
        if (processing.log) appendFileSync(String(processing.log), `${items.map((item) => item.text).join('|')}\n`);
        const data = new Float32Array(items.length * DIM);
        const failed = [];
        items.forEach(({ text }, i) => {
          // What tells one version from another in its answers.
          if (processing.mark) data.fill(Number(processing.mark), i * DIM, (i + 1) * DIM);
          else if (text === 'refuse') {
            const error = { code: 'BACKEND_BAD_ITEM', message: 'refused', details: {} };
            failed.push({ index: i, error });
          } else act(text, data.subarray(i * DIM, (i + 1) * DIM));
        });
        if (items.some(({ text }) => text === 'short'))
          return { outputs: { embedding: { data: data.subarray(1) } }, failed };
        // One span record (start, end, class) per word.
        const words = items.map(({ text = '' }) => text.split(' ').filter(Boolean));
        const spans = Float32Array.from(words.flatMap((of) => of.flatMap((word, w) => [w, w + 1, word.length])));
        const counts = Uint32Array.from(words, (of) => of.length);
        return { outputs: { embedding: { data }, spans: { data: spans, counts } }, failed };
      },
      release() {},
    };
  },
};
