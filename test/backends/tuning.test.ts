import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TUNE_MS, tuneCalls } from '../../src/backends/autotune.ts';
import type { CallSize } from '../../src/backends/runtime.ts';
import { CallTuning, memoryBook } from '../../src/backends/tuning.ts';
import { openTuningFile } from '../../src/backends/tuning-file.ts';
import { fakeModel, fakePool, texts } from './fake.ts';

const BULK = { lane: 'bulk' } as const;
const scratch = (name: string): string => join(mkdtempSync(join(tmpdir(), 'headstart-tuning-')), name);

/** A model and a clock of its own: a call of `size` units takes what `msOf` says. */
function world(msOf: (size: number, probes: number) => number, pauseMs = 0) {
  const time = { now: 0, probes: 0, paused: 0 };
  const calls: CallSize = {
    standard: 4,
    choices: [1, 2, 4, 8, 16],
    async probe(size) {
      time.now += msOf(size, time.probes++);
      return size;
    },
    use: () => undefined,
  };
  const read = (): number => time.now;
  const pause = async (): Promise<void> => {
    time.paused++;
    time.now += pauseMs;
  };
  const tune = (sizeMax = 100) => tuneCalls(calls, { sizeMax, cpuMs: read, now: read, pause });
  return { time, tune };
}

describe('the best call size', () => {
  it('is the one that costs least per unit', async () => {
    const { tune } = world((size) => 5 + size + size ** 2 / 4);
    expect((await tune()).size).toBe(4);
  });

  it('is the standard where no other gains anything, or the nearest of those that do', async () => {
    expect((await world((size) => 3 * size).tune()).size).toBe(4);
    expect((await world((size) => (size < 8 ? 2 : 1) * size).tune()).size).toBe(8);
  });

  it('is within what a batch may hold', async () => {
    expect((await world((size) => 100 + size).tune(8)).size).toBe(8);
  });

  it('does not fall for a neighbour that spoils some of the probes', async () => {
    const { tune } = world((size, probes) => (5 + size + size ** 2 / 4) * (probes % 3 === 0 ? 4 : 1));
    expect((await tune()).size).toBe(4);
  });

  it('is found in time however slow the model is, and between probes others have their turn', async () => {
    for (const slow of [1, 30, 300, 5_000]) {
      const { time, tune } = world((size) => slow * (1 + size));
      await tune();
      expect(time.now).toBeLessThanOrEqual(Math.max(TUNE_MS, 2 * slow));
      expect(time.paused).toBe(time.probes);
    }
  });

  it('is looked for as thoroughly while others are served in between', async () => {
    const probes = await Promise.all(
      [0, 500].map(async (pauseMs) => {
        const { time, tune } = world((size) => 20 * (1 + size), pauseMs);
        await tune();
        return time.probes;
      }),
    );
    expect(probes[1]).toBe(probes[0]);
  });

  it('leaves out sizes that the model does not take, and fails with a model that takes none', async () => {
    const picky = world((size) => {
      if (size > 4) throw new Error('only four');
      return 10 + size;
    });
    expect((await picky.tune()).size).toBe(4);
    const broken = world(() => {
      throw new Error('broken');
    });
    await expect(broken.tune()).rejects.toThrow('broken');
  });
});

describe('what is known of a model', () => {
  const settle = (tuning: CallTuning, cost: number, batches: number): void => {
    for (let i = 0; i < batches; i++) tuning.observe({ padded: 100, useful: 90 }, 100 * cost);
  };

  it('is measured once, when there is enough to do', () => {
    const tuning = new CallTuning('m', memoryBook(), { now: () => 0 });
    expect([tuning.wanted('bulk', 10, 0), tuning.wanted('bulk', 10_000, 0)]).toEqual([false, true]);
    tuning.begin();
    expect(tuning.wanted('bulk', 10_000, 0)).toBe(false);
    tuning.lost();
    expect(tuning.wanted('bulk', 10_000, 0)).toBe(true);
    tuning.end(8);
    expect([tuning.size, tuning.wanted('bulk', 10_000, 0)]).toEqual([8, false]);
  });

  it('is measured for those who ask one by one, too, once they are many', () => {
    const tuning = new CallTuning('m', memoryBook(), { now: () => 0 });
    const asked = Array.from({ length: 300 }, () => tuning.wanted('online', 1, 0));
    expect(asked.indexOf(true)).toBe(255);
  });

  it('is doubted when live costs drift by a fifth, but not all the time', () => {
    let now = 0;
    const tuning = new CallTuning('m', memoryBook(), { now: () => now });
    tuning.begin();
    tuning.end(8);
    settle(tuning, 1, 20);
    settle(tuning, 1.1, 100);
    now += 3_600_000;
    expect(tuning.wanted('bulk', 10_000, 0)).toBe(false);
    settle(tuning, 1.3, 100);
    expect(tuning.wanted('bulk', 10_000, 0)).toBe(true);
    tuning.end(16);
    settle(tuning, 1, 20);
    settle(tuning, 2, 100);
    expect(tuning.wanted('bulk', 10_000, 0)).toBe(false);
  });

  it('is kept for this machine and no other, and a damaged file is forgotten', () => {
    const file = scratch('tuning.json');
    openTuningFile(file, 'here').set('m@1', 8);
    openTuningFile(file, 'there').set('m@1', 2);
    expect(openTuningFile(file, 'here').get('m@1')).toBe(8);
    expect(openTuningFile(file, 'there').get('m@1')).toBe(2);
    expect(openTuningFile(file, 'elsewhere').get('m@1')).toBeUndefined();
    writeFileSync(file, '{"here/m@1": -3, "there/m@1"');
    expect(openTuningFile(file, 'here').get('m@1')).toBeUndefined();
  });
});

describe('a pool', () => {
  const many = texts(...Array.from({ length: 400 }, (_, i) => `text ${i}`));

  it('measures a model before its first bulk work, once, and remembers', async () => {
    const log = scratch('log');
    const model = fakeModel({ processing: { log, bestCall: 4 } });
    const tuning = openTuningFile(scratch('tuning.json'));
    const first = fakePool({ models: [model], tuning });
    const { id } = first.info('fake');
    await first.embed('fake', texts('only one'), BULK);
    expect(tuning.get(id)).toBeUndefined();
    for (let i = 0; i < 2; i++) expect((await first.embed('fake', many, BULK)).failed).toEqual([]);
    expect(tuning.get(id)).toBe(4);
    await first.close();
    const said = readFileSync(log, 'utf8').match(/use \d+/g);
    expect(new Set(said)).toEqual(new Set(['use 4']));

    const second = fakePool({ models: [model], tuning });
    await second.embed('fake', many, BULK);
    expect(readFileSync(log, 'utf8').match(/use \d+/g)!.length).toBe(said!.length + 1);
  });

  it('answers somebody who waits while it measures', async () => {
    const log = scratch('log');
    const model = fakeModel({ processing: { log, bestCall: 4 } });
    const pool = fakePool({ models: [model] });
    await pool.embed('fake', texts('warm'), BULK);
    const bulk = pool.embed('fake', many, BULK);
    await pool.embed('fake', texts('urgent'), { lane: 'online' });
    expect(readFileSync(log, 'utf8')).not.toMatch(/use \d+/);
    await bulk;
    expect(readFileSync(log, 'utf8')).toMatch(/use 4/);
  });

  it('keeps the standard of a model that dies of being measured', async () => {
    const model = fakeModel({ processing: { log: scratch('log'), bestCall: 4, crashOnProbe: 1 } });
    const pool = fakePool({ models: [model] });
    expect((await pool.embed('fake', many, BULK)).failed).toEqual([]);
    expect(pool.deaths).toHaveLength(1);
  });

  it('keeps it as well where others were served while it was measured', async () => {
    const model = fakeModel({ processing: { log: scratch('log'), bestCall: 1, crashOnProbe: 8 } });
    const pool = fakePool({ models: [model] });
    await pool.embed('fake', texts('warm'), BULK);
    let working = true;
    const bulk = pool.embed('fake', many, BULK).finally(() => {
      working = false;
    });
    const people = async () => {
      while (working) await pool.embed('fake', texts('urgent'), { lane: 'online' });
    };
    const [{ failed }] = await Promise.all([bulk, people()]);
    expect(failed).toEqual([]);
    // None where the machine was too slow for that probe.
    expect(pool.deaths.length).toBeLessThanOrEqual(1);
  });
});
