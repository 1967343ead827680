/** The neighbour process: builds, restarts, damage, death; run from the build, as the server does. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { lackOf } from '../../src/app/spread/plan.ts';
import { openNeighbourProcess } from '../../src/compute/neighbour-process.ts';
import type { NeighbourSpaces, SpaceKey } from '../../src/compute/neighbours.ts';
import { entryFile } from '../../src/core/entry.ts';
import { planted } from '../propagation/reference.ts';

const folder = mkdtempSync(join(tmpdir(), 'headstart-neighbours-'));
const open: NeighbourSpaces[] = [];
afterAll(async () => {
  for (const one of open) await one.close();
  rmSync(folder, { recursive: true, force: true });
});

const DIMS = 16;
const COUNT = 400;
/** Takes long enough that a kill at the first sign of progress comes in the middle, however busy the machine is. */
const MANY = 6_000;
const { rows, labels } = planted(COUNT, DIMS, 2, 0.6, 3);

function start(exactItemsMax?: number): NeighbourSpaces {
  const products = entryFile(import.meta.url, '../../src/backends/products.ts').replace('/src/', '/dist/');
  const spaces = openNeighbourProcess({
    folder,
    products,
    threads: 1,
    ...(exactItemsMax === undefined ? {} : { exactItemsMax }),
  });
  open.push(spaces);
  return spaces;
}

async function fill(spaces: NeighbourSpaces, key: SpaceKey, ordinals: Uint32Array): Promise<number> {
  const missing = await spaces.open(key, ordinals);
  const own = new Float32Array(missing.length * DIMS);
  for (const [i, ordinal] of missing.entries()) {
    const at = (ordinal % COUNT) * DIMS;
    own.set(rows.subarray(at, at + DIMS), i * DIMS);
  }
  await spaces.put(key, missing, own);
  return missing.length;
}

const upTo = (n: number): Uint32Array => Uint32Array.from({ length: n }, (_, i) => i);

describe('the neighbour process', () => {
  it('finds look-alikes before anything is built, builds with progress, and starts again from its files', async () => {
    const key = { projectId: 1, embedder: 'test-1', dims: DIMS };
    const first = start();
    expect(await fill(first, key, upTo(300))).toBe(300);
    const near = await first.nearest(key, 7, 5);
    expect(near).toHaveLength(5);
    expect(near.every(({ ordinal }) => ordinal !== 7)).toBe(true);
    expect(await first.nearest(key, 7, 5, Uint32Array.of(3, 7))).toHaveLength(1);
    const stages: string[] = [];
    const built = await first.build(key, { onProgress: (stage) => stages.push(stage) });
    expect(built).toMatchObject({ items: 300, index: 'exact', note: '' });
    expect(stages).toContain('neighbour graph');

    await first.close();
    const second = start();
    await fill(second, key, upTo(300));
    expect((await second.build(key)).note).toBe('graph loaded');
    expect(await second.nearest(key, 7, 5)).toEqual(near);

    // Tasks come and go: the graph follows.
    await fill(
      second,
      key,
      upTo(COUNT).filter((ordinal) => ordinal !== near[0]!.ordinal),
    );
    expect((await second.build(key)).items).toBe(COUNT - 1);
    expect((await second.nearest(key, 7, 5)).map((one) => one.ordinal)).not.toContain(near[0]!.ordinal);
  });

  it('builds again, and says so, after a flipped byte or under another embedder version', async () => {
    const key = { projectId: 2, embedder: 'test-1', dims: DIMS };
    const first = start();
    await fill(first, key, upTo(COUNT));
    const before = await first.build(key);
    await first.close();
    const file = join(folder, '2', 'test-1', 'graph');
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
    const second = start();
    await fill(second, key, upTo(COUNT));
    expect(await second.build(key)).toEqual({ ...before, note: 'graph file damaged, built again' });

    const swapped = { ...key, embedder: 'test-2' };
    await fill(second, swapped, upTo(COUNT));
    expect((await second.build(swapped)).note).toBe('');
    expect(existsSync(join(folder, '2', 'test-2', 'graph'))).toBe(true);
    await second.drop(2);
    expect(existsSync(join(folder, '2'))).toBe(false);
  });

  it('keeps an index of a large space on disk, and builds it again when it is damaged', async () => {
    const key = { projectId: 5, embedder: 'test-1', dims: DIMS };
    const first = start(100);
    await fill(first, key, upTo(COUNT));
    const built = await first.build(key);
    // Without any native index the scan goes on.
    if (built.index === 'exact') expect(process.env.CI).not.toBe('true');
    if (built.index === 'exact') return;
    const near = (await first.nearest(key, 9, 5)).map((one) => one.ordinal);
    await first.close();
    const second = start(100);
    await fill(second, key, upTo(COUNT - 1));
    expect((await second.build(key)).note).toBe('index loaded; graph loaded, then graph brought up to date');
    expect((await second.nearest(key, 9, 5)).map((one) => one.ordinal)).toEqual(near.filter((one) => one < COUNT - 1));
    await second.close();
    const file = join(folder, '5', 'test-1', `index-${built.index}`);
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
    const third = start(100);
    await fill(third, key, upTo(COUNT));
    expect((await third.build(key)).note).toContain('index file damaged, built again');
    expect((await third.nearest(key, 9, 5)).map((one) => one.ordinal)).toEqual(near);
  });

  it('spreads labels with a promise, and says where they come from', async () => {
    const key = { projectId: 3, embedder: 'test-1', dims: DIMS };
    const spaces = start();
    await fill(spaces, key, upTo(COUNT));
    const labeled = (from: number, to: number) =>
      [...upTo(to)].slice(from).map((ordinal) => ({
        ordinal,
        classes: [labels[ordinal]!],
        at: ordinal,
        inBulk: false,
      }));
    const request = { classCount: 2, multiple: false, target: 0.95, level: 0.8 };
    const [answer] = await spaces.spread(key, { ...request, seeds: labeled(0, 10), verified: labeled(10, 130) });
    const { proposals } = answer!;
    const right = [...proposals.ordinals].filter((ordinal, i) => labels[ordinal] === proposals.labels[i]).length;
    expect(right / proposals.ordinals.length).toBeGreaterThan(0.95);
    expect(proposals.accepted.reduce((sum, one) => sum + one, 0)).toBeGreaterThan(200);
    const line = proposals.accepted.indexOf(1);
    const answered = [...labeled(0, 10), ...labeled(10, 130)];
    const sources = [...proposals.sources.subarray(5 * line, 5 * line + 5)];
    expect(sources.every((place) => answered[place]!.classes[0] === proposals.labels[line])).toBe(true);

    const few = await spaces.spread(key, { ...request, seeds: labeled(0, 10), verified: labeled(10, 20) });
    expect(few[0]!.proposals.accepted.every((one) => one === 0)).toBe(true);
    expect(few[0]!.gate.evidence.rule).toBe('too-few');

    const several = await spaces.spread(key, {
      ...request,
      multiple: true,
      seeds: labeled(0, 10),
      verified: labeled(10, 130),
    });
    expect(several.map((one) => one.label)).toEqual([0, 1]);
    for (const { label, proposals } of several) {
      const held = [...proposals.ordinals].filter((o, i) => Number(labels[o] === label) === proposals.labels[i]).length;
      expect(held / proposals.ordinals.length).toBeGreaterThan(0.95);
    }

    // A label that nobody has given: no number of random answers makes it speak, another kind of answer does.
    const rare = { ...request, classCount: 3, multiple: true, seeds: labeled(0, 10) };
    const [known, , never] = await spaces.spread(key, { ...rare, verified: labeled(10, 50) });
    expect(never!.proposals.ordinals).toHaveLength(0);
    expect(lackOf(never!, 40)).toBeNull();
    expect(lackOf(never!, 12)).toBe(18);
    expect(known!.proposals.ordinals.length).toBeGreaterThan(0);

    const stages: string[] = [];
    const clusters = await spaces.clusters(key, upTo(COUNT), 2, { onProgress: (stage) => stages.push(stage) });
    expect(stages).toContain('grouping what lies together');
    expect(clusters.map((one) => one.length).reduce((a, b) => a + b)).toBe(COUNT);
  });

  it('stops one call between two steps: those of others and the process itself go on', async () => {
    const [key, other] = [6, 7].map((projectId) => ({ projectId, embedder: 'test-1', dims: DIMS })) as [
      SpaceKey,
      SpaceKey,
    ];
    const spaces = start();
    await fill(spaces, key, upTo(MANY));
    await fill(spaces, other, upTo(MANY));
    const abort = new AbortController();
    const goesOn = spaces.build(other);
    const stopped = spaces.build(key, { signal: abort.signal, onProgress: () => abort.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'CONFLICT_CANCELLED' });
    expect((await goesOn).items).toBe(MANY);
    // Nothing has to be told again, and what was stopped can be done after all.
    expect(await spaces.open(key, upTo(MANY))).toHaveLength(0);
    expect(existsSync(join(folder, '6', 'test-1', 'graph'))).toBe(false);
    expect((await spaces.build(key)).items).toBe(MANY);
  });

  it('survives being killed in the middle of a build: nothing half-made is read', async () => {
    const key = { projectId: 4, embedder: 'test-1', dims: DIMS };
    const first = start();
    await fill(first, key, upTo(MANY));
    let closing: Promise<void> | undefined;
    const building = first.build(key, { onProgress: () => (closing ??= first.close()) });
    await expect(building).rejects.toMatchObject({ code: 'BACKEND_CRASHED' });
    await closing;
    // A project can be deleted also without it.
    await first.drop(1);
    expect(existsSync(join(folder, '1'))).toBe(false);
    // The next one has everything to be told again.
    const second = start();
    await expect(second.nearest(key, 1, 3)).rejects.toMatchObject({ code: 'BACKEND_CRASHED', retryable: true });
    expect(await fill(second, key, upTo(MANY))).toBe(MANY);
    expect((await second.build(key)).items).toBe(MANY);
    expect(readdirSync(join(folder, '4', 'test-1')).filter((name) => name.endsWith('.new'))).toEqual([]);
  });
});

describe('a neighbour process that the system refuses to start', () => {
  const node = process.execPath;
  afterEach(() => {
    process.execPath = node;
  });

  // Too long a path is refused by a throw, as is a lack of memory; a missing file by an event, as is a lack of processes.
  it.each([`/${'x'.repeat(5_000)}`, '/nowhere'])('fails its calls clearly, and serves when it can be', async (path) => {
    const key = { projectId: 8, embedder: 'test-1', dims: DIMS };
    process.execPath = path;
    const spaces = start();
    const refused = { code: 'BACKEND_CRASHED', message: expect.stringMatching(/could not be started: .*spawn/) };
    const calls = [spaces.open(key, upTo(3)), spaces.imageCopies([])];
    await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject(refused)));
    await expect(spaces.open(key, upTo(3))).rejects.toMatchObject(refused);
    process.execPath = node;
    expect(await spaces.open(key, upTo(3))).toHaveLength(3);
  });
});
