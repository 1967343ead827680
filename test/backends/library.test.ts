import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { InferencePool } from '../../src/backends/backend.ts';
import type { ModelFetch } from '../../src/backends/library/download.ts';
import { readModelFolder } from '../../src/backends/library/folder.ts';
import { takeIn } from '../../src/backends/library/intake.ts';
import type { AddOptions, ModelLibrary, NewModelFile } from '../../src/backends/library/library.ts';
import { openModelLibrary } from '../../src/backends/library/open.ts';
import { OnnxGraph } from '../../src/backends/onnx-graph.ts';
import { createInferencePool } from '../../src/backends/pool.ts';
import { systemClock } from '../../src/core/clock.ts';
import { LIMITS } from '../../src/core/limits.ts';
import { createGuardedFetch } from '../../src/media/guarded-fetch.ts';
import {
  colourClassifier,
  halfDetector,
  TOKENIZER,
  textClassifier,
  textEmbedder,
  tokenClassifier,
} from '../helpers/models.ts';

interface Opened {
  readonly folder: string;
  readonly pool: InferencePool;
  readonly library: ModelLibrary;
}

async function openLibrary(
  folder = join(mkdtempSync(join(tmpdir(), 'headstart-library-')), 'models'),
  fetch: ModelFetch = createGuardedFetch(),
): Promise<Opened> {
  const pool = createInferencePool({ hostsMax: 1 });
  onTestFinished(() => pool.close());
  let ids = 0;
  const newId = (): string => `id${ids++}`;
  return { folder, pool, library: await openModelLibrary({ folder, pool, fetch, clock: systemClock, newId }) };
}

async function* filesOf(files: Readonly<Record<string, string | Uint8Array>>): AsyncGenerator<NewModelFile> {
  for (const [name, content] of Object.entries(files)) {
    yield {
      name,
      body: (async function* () {
        yield Buffer.from(content);
      })(),
    };
  }
}

const add = (
  { library }: Opened,
  files: Readonly<Record<string, string | Uint8Array>>,
  options: Partial<AddOptions> = {},
) => library.add(filesOf(files), { name: 'mine', origin: 'a folder', ...options });

const SPAM = textClassifier([
  ['meeting', 'lunch', 'report'],
  ['win', 'prize', 'free'],
]);
const spamFolder = { 'model.onnx': SPAM, 'labels.txt': 'ham\nspam\n', 'tokenizer.json': TOKENIZER };
const colourFolder = (sharpness = 1) => ({
  'model.onnx': colourClassifier(sharpness),
  'labels.txt': 'red\ngreen\nblue',
});

const picture = (background: string): Promise<Buffer> =>
  sharp({ create: { width: 20, height: 20, channels: 3, background } })
    .png()
    .toBuffer();

describe('a folder with a model in it', () => {
  it('text classes: works at once, by its tokenizer and labels', async () => {
    const opened = await openLibrary();
    const { info, assumed } = await add(opened, spamFolder);
    expect(info).toMatchObject({ name: 'mine', kind: 'text-classification', input: 'text', labels: ['ham', 'spam'] });
    expect(assumed.join()).toContain('logits');
    const { outputs, model } = await opened.pool.run('mine', [{ text: 'Win a free prize' }], { lane: 'online' });
    expect(model).toBe(info.id);
    expect(outputs.probabilities!.data[1]).toBeGreaterThan(0.99);
  });

  it('takes no notice of weights of another format beside it, there or not', async () => {
    const { folder } = await openLibrary();
    mkdirSync(folder, { recursive: true });
    for (const [name, content] of Object.entries(spamFolder)) writeFileSync(join(folder, name), content);
    writeFileSync(join(folder, 'training.bin'), 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n');
    writeFileSync(join(folder, 'pytorch_model.bin'), '');
    truncateSync(join(folder, 'pytorch_model.bin'), LIMITS.modelBytesMax);
    const { entry } = await readModelFolder(folder, { name: 'spam', license: '' });
    expect(Object.keys(entry.files).sort()).toEqual(['model.onnx', 'tokenizer.json']);
  });

  it('spans, embeddings and picture classes are told apart by their signatures', async () => {
    const opened = await openLibrary();
    const labels = ['O', 'B-PER', 'B-LOC'];
    const says = { anna: 'B-PER', rome: 'B-LOC' };
    const names = {
      'model.onnx': tokenClassifier(labels, says),
      'labels.txt': labels.join('\n'),
      'tokenizer.json': TOKENIZER,
    };
    const tags = await add(opened, names, { name: 'tags' });
    expect(tags.info).toMatchObject({ kind: 'token-classification', labels: ['PER', 'LOC'] });
    const { outputs } = await opened.pool.run('tags', [{ text: 'lunch anna' }], { lane: 'online' });
    expect([...outputs.spans!.data.subarray(0, 2)]).toEqual([6, 10]);
    const rows = await add(opened, { 'model.onnx': textEmbedder(), 'tokenizer.json': TOKENIZER }, { name: 'rows' });
    expect(rows.info).toMatchObject({ kind: 'embedding', dim: 8 });
    const colours = await add(opened, colourFolder(), { name: 'colours' });
    expect(colours.info).toMatchObject({ kind: 'image-classification', input: 'image' });
    const seen = await opened.pool.run('colours', [{ bytes: await picture('#102030') }], { lane: 'online' });
    expect(seen.outputs.probabilities!.data[2]).toBeGreaterThan(0.4);
  });

  it('is refused with a reason when labels, tokenizer or model do not fit, and nothing is kept', async () => {
    const opened = await openLibrary();
    const refused = (files: Record<string, string | Uint8Array>, message: RegExp) =>
      expect(add(opened, files)).rejects.toThrow(message);
    await refused({ ...spamFolder, 'labels.txt': 'a\nb\nc' }, /2 classes, the file of labels 3/);
    await refused({ 'model.onnx': SPAM, 'labels.txt': 'ham\nspam' }, /tokenizer\.json/);
    await refused({ 'labels.txt': 'ham' }, /\.onnx file is missing/);
    await refused({ ...spamFolder, 'labels.txt': Buffer.from('ham\nspam', 'utf16le') }, /'labels.txt' is not in UTF-8/);
    await refused(
      { ...spamFolder, 'labels.txt': Buffer.from('h\xe4m\nspam', 'latin1') },
      /'labels.txt' is not in UTF-8/,
    );
    await refused({ ...spamFolder, 'labels.txt': '\n \r\n' }, /'labels.txt' is empty/);
    const pointer = 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9000\n';
    await refused(
      { ...spamFolder, 'model.onnx': pointer },
      /'model.onnx' is only a pointer of Git LFS; .*git lfs pull/,
    );
    await refused({ ...spamFolder, 'tokenizer.json': pointer }, /'tokenizer.json' is only a pointer/);
    await refused({ 'model.json': '{}', 'group1-shard1of1.bin': pointer }, /'group1-shard1of1.bin' is only a pointer/);
    await refused({ ...spamFolder, 'tokenizer.json': '{"model":' }, /tokenizer\.json cannot be used: Not valid JSON/);
    await refused({ ...spamFolder, 'tokenizer.json': '{"model":{"type":"Words"}}' }, /tokenizer\.json cannot be used/);
    await refused({ ...spamFolder, 'headstart.json': '{"license": ' }, /'headstart.json': Not valid JSON at line 1/);
    await refused({ ...spamFolder, 'other.onnx': SPAM }, /one file only/);
    await refused({ ...spamFolder, 'model.onnx': 'no model' }, /'model.onnx': .*(no ONNX|cut off)/);
    await refused({ ...spamFolder, 'model.onnx': SPAM.subarray(0, SPAM.length - 40) }, /ONNX|graph/);
    expect(opened.library.list().every(({ builtin }) => builtin)).toBe(true);
    expect(readdirSync(join(opened.folder, '.incoming'))).toEqual([]);
  });

  it('text: as many classes as labels are there, or it is refused, also where the file does not say how many', async () => {
    const opened = await openLibrary();
    const open = textClassifier([['lunch'], ['prize']], 0, 'classes');
    const files = { 'model.onnx': open, 'tokenizer.json': TOKENIZER };
    const three = { ...files, 'labels.txt': 'ham\nspam\nnews' };
    await expect(add(opened, three)).rejects.toThrow(/rows of 2 numbers, expected 3/);
    expect((await add(opened, { ...files, 'labels.txt': 'ham\nspam' })).info.labels).toEqual(['ham', 'spam']);
  });

  it('text: each input gets what its name says, and two that could be the tokens are asked about', async () => {
    const opened = await openLibrary();
    const summed = (...names: readonly string[]): Record<string, string | Uint8Array> => {
      const graph = new OnnxGraph();
      const floats = names.map((name) => graph.add('Cast', [name], { to: 1 }));
      const sums = floats.map((of) => graph.add('ReduceSum', [of, graph.integers(1)], { keepdims: 1 }));
      graph.output(graph.add('Concat', sums, { axis: 1 }), 'sentence_embedding');
      const ids = { type: 'int64', shape: ['n', 'length'] } as const;
      const model = graph.toBytes(
        names.map((name) => ({ name, ...ids })),
        [{ name: 'sentence_embedding', type: 'float32', shape: ['n', names.length] }],
      );
      return { 'model.onnx': model, 'tokenizer.json': TOKENIZER };
    };
    await add(opened, summed('input_ids', 'attention_mask', 'token_type_ids', 'position_ids'), { name: 'rows' });
    const { outputs } = await opened.pool.run('rows', [{ text: 'lunch' }], { lane: 'online' });
    // [CLS] lunch [SEP]: ids 2 + 8 + 3, three tokens, types 0, positions 0 + 1 + 2; then to unit length.
    const sums = [13, 3, 0, 3];
    const length = Math.hypot(...sums);
    for (const [i, sum] of sums.entries()) expect(outputs.embedding!.data[i]).toBeCloseTo(sum / length, 5);
    await expect(add(opened, summed('input.1', 'input.3'))).rejects.toThrow(/2 could \(input\.1, input\.3\)/);
  });

  it('takes labels as editors save them, and tells of what is more often a slip', async () => {
    const opened = await openLibrary();
    const read = async (labels: string) => {
      const { info, assumed } = await add(opened, { ...colourFolder(), 'labels.txt': labels });
      return [info.labels.join('|'), assumed.filter((one) => /classes/.test(one)).join()];
    };
    expect(await read('\uFEFFred\r\n green\r\nblue\r\n\r\n')).toEqual(['red|green|blue', '']);
    expect(await read('red\rgreen\rblue')).toEqual(['red|green|blue', '']);
    expect(await read('red\n\nred')).toEqual([
      'red||red',
      expect.stringMatching(/^1 empty lines .*several classes are called 'red'$/),
    ]);
  });

  describe('of which class 0 is nothing', () => {
    const boxesOf = async (opened: Opened, item: Buffer) => {
      const { outputs, failed } = await opened.pool.run('mine', [{ bytes: item }], { lane: 'online' });
      return { label: outputs.boxes!.data[5], failed: failed.map(({ error }) => error.message) };
    };

    it('finds that out where the model tells the chances of all classes', async () => {
      const opened = await openLibrary();
      const files = { 'model.onnx': halfDetector('from 1'), 'labels.txt': 'left\nright' };
      const { info, assumed } = await add(opened, files);
      expect(info.labels).toEqual(['background', 'left', 'right']);
      expect(assumed.join()).toContain('counted from 1');
      expect(await boxesOf(opened, await picture('#fff'))).toEqual({ label: 1, failed: [] });
      const named = { ...files, 'labels.txt': 'background\nleft\nright' };
      expect((await add(opened, named)).info.labels).toEqual(info.labels);
    });

    it('takes a first line for it, and says so of a class beyond the labels', async () => {
      const opened = await openLibrary();
      const model = halfDetector('apart');
      await expect(add(opened, { 'model.onnx': model, 'labels.txt': 'one' })).rejects.toThrow(
        /says class 1, and the 1 labels are counted from 0; .* first line of labels\.txt is `background`/,
      );
      await add(opened, { 'model.onnx': model, 'labels.txt': 'background\none' });
      expect(await boxesOf(opened, await picture('#fff'))).toEqual({ label: 1, failed: [] });
    });

    it('needs no line for it where there is no such class, and asks for one where there is', async () => {
      const opened = await openLibrary();
      const files = { ...colourFolder(), 'labels.txt': 'background\nred\ngreen\nblue' };
      expect((await add(opened, files)).info.labels).toEqual(['red', 'green', 'blue']);
      await expect(add(opened, { ...files, 'labels.txt': 'red\ngreen' })).rejects.toThrow(
        /prob \(3\); where class 0 stands for nothing, let its first line be `background`/,
      );
    });
  });

  it('is there again after a restart, also where the data folder was moved to', async () => {
    const first = await openLibrary();
    const { info } = await add(first, spamFolder);
    const again = await openLibrary(first.folder);
    expect(again.library.get('mine')).toMatchObject({ info: { id: info.id }, serving: true });
    const { outputs } = await again.pool.run('mine', [{ text: 'lunch' }], { lane: 'online' });
    expect(outputs.probabilities!.data[0]).toBeGreaterThan(0.8);
  });
});

describe('versions', () => {
  it('a new one takes over, the old one is brought back, and the history tells', async () => {
    const opened = await openLibrary();
    const first = await add(opened, colourFolder());
    const second = await add(opened, colourFolder(3));
    expect(opened.pool.info('mine').id).toBe(second.info.id);
    await opened.library.rollback('mine');
    expect(opened.pool.info('mine').id).toBe(first.info.id);
    await expect(opened.library.remove(first.info.id)).rejects.toMatchObject({ code: 'CONFLICT' });
    await opened.library.remove(second.info.id);
    expect(opened.library.history('mine').map(({ act, version }) => [act, version])).toEqual([
      ['added', first.info.version],
      ['served', first.info.version],
      ['added', second.info.version],
      ['served', second.info.version],
      ['rolled back', first.info.version],
      ['removed', second.info.version],
    ]);
    await expect(opened.library.rollback('mine')).rejects.toMatchObject({ code: 'CONFLICT' });
  });

  it('going back twice comes two versions back, and not to the one that was left', async () => {
    const opened = await openLibrary();
    const [first, second, third] = [
      await add(opened, colourFolder(1)),
      await add(opened, colourFolder(2)),
      await add(opened, colourFolder(3)),
    ];
    expect((await opened.library.rollback('mine')).info.id).toBe(second.info.id);
    expect((await opened.library.rollback('mine')).info.id).toBe(first.info.id);
    await expect(opened.library.rollback('mine')).rejects.toThrow(/models serve mine@VERSION/);
    await opened.library.serve(third.info.id, 'served');
    expect((await opened.library.rollback('mine')).info.id).toBe(first.info.id);
    await expect(opened.library.remove(first.info.id)).rejects.toThrow(second.info.id);
    expect(() => opened.library.get('mine@nothing')).toThrow(third.info.id);
  });

  it('one that misses its golden answers serves nobody, and the old one goes on', async () => {
    const opened = await openLibrary();
    const good = await add(opened, colourFolder());
    const red = await picture('#ff0000');
    const golden = (value: number) =>
      JSON.stringify({ golden: [{ file: 'red.png', outputs: { probabilities: { 0: value } } }] });
    const files = { ...colourFolder(5), 'red.png': red };
    await expect(add(opened, { ...files, 'headstart.json': golden(0.5) })).rejects.toMatchObject({
      code: 'BACKEND_BAD_OUTPUT',
      message: expect.stringContaining('probabilities[0] is 1, not 0.5'),
    });
    expect(opened.pool.info('mine').id).toBe(good.info.id);
    expect(opened.library.history('mine').at(-1)).toMatchObject({ act: 'refused' });
    expect((await add(opened, { ...files, 'headstart.json': golden(1) })).serving).toBe(true);
  });

  it('a shadow stands by without serving', async () => {
    const opened = await openLibrary();
    const live = await add(opened, colourFolder());
    const shadow = await add(opened, colourFolder(2), { shadow: true });
    expect(shadow).toMatchObject({ serving: false, shadow: true });
    expect(opened.pool.info('mine').id).toBe(live.info.id);
    expect((await opened.library.serve(shadow.info.id, 'served')).shadow).toBe(false);
  });

  it('swaps under load without a failed call, each answered by one version', async () => {
    const opened = await openLibrary();
    const first = await add(opened, colourFolder());
    const item = { bytes: await picture('#203040') };
    const alone = await opened.pool.run('mine', [item], { lane: 'online' });
    const before = alone.outputs.probabilities!.data[2]!;
    let stop = false;
    const seen = new Set<string>();
    const load = Array.from({ length: 4 }, async () => {
      while (!stop) {
        const { outputs, failed, model } = await opened.pool.run('mine', [item, item, item], { lane: 'bulk' });
        expect(failed).toEqual([]);
        const values = [2, 5, 8].map((at) => outputs.probabilities!.data[at]!);
        expect(values.every((value) => (value === before) === (model === first.info.id))).toBe(true);
        seen.add(model);
      }
    });
    await add(opened, colourFolder(4));
    await opened.library.rollback('mine');
    stop = true;
    await Promise.all(load);
    expect(seen.size).toBe(2);
  });

  it('measures how fast one is, in a process of its own', async () => {
    const opened = await openLibrary();
    await add(opened, colourFolder());
    expect(await opened.library.bench('mine')).toMatchObject({
      items: expect.any(Number),
      msPerItem: expect.any(Number),
    });
  });
});

describe('security', () => {
  it('names and files lead nowhere', async () => {
    const opened = await openLibrary();
    for (const name of ['../x', 'a/b', '.hidden', 'A B', '', 'x'.repeat(65), 'a..b', 'use-lite']) {
      const code = name === 'use-lite' ? 'CONFLICT' : 'INPUT_BAD_FIELD';
      await expect(async () => add(opened, spamFolder, { name }), name).rejects.toMatchObject({ code });
    }
    for (const file of ['../model.onnx', '/etc/x.onnx', '.model.onnx', 'a\\b.onnx', 'a/../b.onnx', 'x\0.onnx']) {
      await expect(add(opened, { [file]: SPAM }), file).rejects.toMatchObject({ code: 'INPUT_BAD_FIELD' });
    }
    expect(readdirSync(opened.folder).filter((name) => name !== '.incoming')).toEqual([]);
  });

  it('a changed byte, a link in place of a file: refused by verify and by the host', async () => {
    const opened = await openLibrary();
    const { info } = await add(opened, spamFolder);
    const file = join(opened.folder, 'mine', info.version, 'model.onnx');
    const bytes = readFileSync(file);
    bytes[bytes.length - 60]! ^= 1;
    writeFileSync(file, bytes);
    const again = await openLibrary(opened.folder);
    expect((await again.library.verify('mine')).find(({ file: name }) => name === 'model.onnx')).toMatchObject({
      ok: false,
    });
    await expect(again.pool.run('mine', [{ text: 'a' }], { lane: 'online' })).rejects.toMatchObject({
      code: 'BACKEND_UNVERIFIED',
    });
    await expect(again.library.files(info.id)).rejects.toThrow(/was changed; add the model again/);
    await add(again, spamFolder);
    expect((await again.library.verify('mine')).every(({ ok }) => ok)).toBe(true);
    // At once: the model does not rest after what the damage made fail.
    expect((await again.pool.run('mine', [{ text: 'a' }], { lane: 'online' })).failed).toEqual([]);
  });

  it('a link in the folder of what comes in is not read, and one where a file should go is not followed', async () => {
    const opened = await openLibrary();
    const secret = join(opened.folder, '..', 'secret.txt');
    writeFileSync(secret, 'ham\nspam');
    const incoming = join(opened.folder, '.incoming', 'id0');
    mkdirSync(incoming, { recursive: true });
    symlinkSync(secret, join(incoming, 'labels.txt'));
    await expect(add(opened, spamFolder)).rejects.toThrow();
    expect(readFileSync(secret, 'utf8')).toBe('ham\nspam');
  });

  it('sizes that no host could hold are refused before one is asked', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'headstart-bounds-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const graph = (input: readonly number[], output: readonly number[]): Uint8Array => {
      const built = new OnnxGraph();
      built.output('in', 'out');
      const value = (name: string, shape: readonly number[]) => ({ name, type: 'float32' as const, shape });
      return built.toBytes([value('in', input)], [value('out', output)]);
    };
    const most = LIMITS.modelSettingsBytesMax;
    const wanted: Readonly<Record<string, Readonly<Record<string, string | Uint8Array>>>> = {
      'rows of 2000000000 numbers': { 'model.onnx': graph([1, 3, 16, 16], [1, 2_000_000_000]) },
      '90000 x 90000 = 8100000000 pixels': { 'model.onnx': graph([1, 3, 90_000, 90_000], [1, 8]) },
      '3000000000 samples at once': { 'model.onnx': graph([1, 3_000_000_000], [1, 8]) },
      '500000 x 16000 =': {
        'model.onnx': colourClassifier(),
        'headstart.json': '{"processing": {"width": 500000, "height": 16000}}',
      },
      'rows of 900000000 numbers': {
        'remote.json': JSON.stringify({
          url: 'https://models.example/x',
          outputs: { embedding: { dim: 900_000_000 } },
          answer: { embedding: '*' },
        }),
      },
      "'labels.txt' is larger": { ...colourFolder(), 'labels.txt': '\n'.repeat(most + 1) },
      "'config.json' is larger": { 'model.onnx': colourClassifier(), 'config.json': `[${'[],'.repeat(most / 2)}[]]` },
    };
    for (const [message, files] of Object.entries(wanted)) {
      const own = mkdtempSync(join(folder, 'model-'));
      for (const [name, content] of Object.entries(files)) writeFileSync(join(own, name), content);
      await expect(readModelFolder(own, { name: 'mine', license: '' }), message).rejects.toMatchObject({
        code: 'LIMIT_SIZE',
        message: expect.stringContaining(message),
      });
    }
  });

  it('what somebody left in the way keeps no server from starting', async () => {
    const opened = await openLibrary();
    mkdirSync(join(opened.folder, '.incoming'), { recursive: true });
    symlinkSync('/nowhere', join(opened.folder, '.incoming', 'broken'));
    await openLibrary(opened.folder);
    expect(readdirSync(join(opened.folder, '.incoming'))).toEqual([]);
    writeFileSync(join(opened.folder, 'models.json'), '{"format": "headstart-models/1"}');
    await expect(openLibrary(opened.folder)).rejects.toThrow(/models\.json', is damaged; put a copy of it back/);
  });

  it('files beyond the limit are cut off while they come', async () => {
    const opened = await openLibrary();
    const endless = async function* (): AsyncGenerator<NewModelFile> {
      const block = Buffer.alloc(10_000_000, 65);
      yield {
        name: 'labels.txt',
        body: (async function* () {
          for (let sent = 0; sent <= LIMITS.modelTextBytesMax; sent += block.length) yield block;
        })(),
      };
    };
    await expect(opened.library.add(endless(), { name: 'big', origin: '' })).rejects.toMatchObject({
      code: 'LIMIT_SIZE',
    });
    expect(readdirSync(join(opened.folder, '.incoming'))).toEqual([]);
  });

  it('the files of a model have a limit together, while they come and before they are read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'headstart-folder-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const halves = { 'a.txt': Buffer.alloc(60), 'b.txt': Buffer.alloc(60) };
    await takeIn(join(folder, 'fits'), filesOf(halves), 120);
    await expect(takeIn(join(folder, 'over'), filesOf(halves), 119)).rejects.toMatchObject({ code: 'LIMIT_SIZE' });

    // Large files without a byte on the disk.
    const holes = (name: string, files: Readonly<Record<string, number>>): Promise<unknown> => {
      const path = join(folder, name);
      mkdirSync(path);
      for (const [file, content] of Object.entries(spamFolder)) writeFileSync(join(path, file), content);
      for (const [file, size] of Object.entries(files)) {
        writeFileSync(join(path, file), '');
        truncateSync(join(path, file), size);
      }
      return readModelFolder(path, { name: 'mine', license: '' });
    };
    await expect(holes('films', { 'film.mp4': 5e9 })).resolves.toMatchObject({ entry: { name: 'mine' } });
    await expect(holes('two', { 'other.onnx': 5e9 })).rejects.toMatchObject({ code: 'LIMIT_SIZE' });
    await expect(holes('config', { 'config.json': LIMITS.modelTextBytesMax + 1 })).resolves.toBeDefined();
    await expect(holes('labels', { 'labels.txt': LIMITS.modelTextBytesMax + 1 })).rejects.toMatchObject({
      code: 'LIMIT_SIZE',
    });
  });

  it('a full disk is told as one, and nothing is kept', async () => {
    const opened = await openLibrary();
    const full = async function* (): AsyncGenerator<NewModelFile> {
      yield {
        name: 'model.onnx',
        body: (async function* () {
          yield Buffer.from('a part');
          throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
        })(),
      };
    };
    const code = 'STORE_FULL';
    await expect(opened.library.add(full(), { name: 'big', origin: '' })).rejects.toMatchObject({ code });
    expect(readdirSync(join(opened.folder, '.incoming'))).toEqual([]);
  });

  it('addresses inside are not asked, packages lead nowhere else', async () => {
    const { library } = await openLibrary();
    const signal = new AbortController().signal;
    const quiet = async (): Promise<void> => undefined;
    for (const source of [
      'http://127.0.0.1:1/model.onnx',
      'http://169.254.169.254/model.onnx',
      'file:///etc/model.onnx',
    ]) {
      await expect(library.pull({ source, name: 'x' }, quiet, signal), source).rejects.toMatchObject({
        code: 'MEDIA_FORBIDDEN',
      });
    }
    const codes = {
      'npm:../../etc': 'INPUT_BAD_FIELD',
      'npm:sharp/../../x': 'NOT_FOUND',
      'npm:@no/such': 'BACKEND_LOAD',
    };
    for (const [source, code] of Object.entries(codes)) {
      await expect(library.pull({ source, name: 'x' }, quiet, signal), source).rejects.toMatchObject({ code });
    }
  });
});

/** Serves files by ranges; breaks the connection after `cutAfter` bytes of each reply while it is above 0, and is busy so many times. */
async function fileServer(files: Readonly<Record<string, Uint8Array>>) {
  const state = { cutAfter: 0, busy: 0, ranges: [] as string[], files: { ...files } };
  const server: Server = createServer((request, response) => {
    const bytes = state.files[request.url!.slice(1).split('?')[0]!];
    if (!bytes) return response.writeHead(404).end();
    if (state.busy > 0) {
      state.busy--;
      return response.writeHead(503).end();
    }
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
    state.ranges.push(request.headers.range ?? '');
    const tag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
    const from = range && request.headers['if-range'] === tag ? Number(range[1]) : 0;
    if (from >= bytes.length) return response.writeHead(416, { 'content-range': `bytes */${bytes.length}` }).end();
    const length = bytes.length - from;
    const headers = {
      etag: tag,
      'content-length': length,
      'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}`,
    };
    response.writeHead(from > 0 ? 206 : 200, headers);
    if (state.cutAfter > 0 && length > state.cutAfter) {
      response.write(bytes.subarray(from, from + state.cutAfter), () => setTimeout(() => response.destroy(), 20));
    } else response.end(bytes.subarray(from));
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { state, url: (name: string) => `http://127.0.0.1:${port}/${name}`, allow: [`127.0.0.1:${port}`] };
}

describe('pulling', () => {
  const quiet = async (): Promise<void> => undefined;
  const { signal } = new AbortController();

  it('goes on where the connection broke, pins what an address gave first, and refuses another thing later', async () => {
    const model = colourClassifier();
    const server = await fileServer({ 'colours.onnx': model, 'labels.txt': Buffer.from('red\ngreen\nblue') });
    server.state.cutAfter = Math.ceil(model.length / 3);
    const fetch = createGuardedFetch({ allow: server.allow });
    const opened = await openLibrary(undefined, fetch);
    const request = { source: server.url('colours.onnx?key=hidden'), beside: [server.url('labels.txt')] };
    const added = await opened.library.pull(request, quiet, signal);
    expect(added.info).toMatchObject({ name: 'colours', labels: ['red', 'green', 'blue'] });
    expect(server.state.ranges.filter((range) => range !== '').length).toBeGreaterThanOrEqual(2);
    expect(readdirSync(join(opened.folder, '.incoming'))).toEqual([]);

    server.state.cutAfter = 0;
    server.state.files['colours.onnx'] = colourClassifier(2);
    await expect(opened.library.pull(request, quiet, signal)).rejects.toMatchObject({ code: 'BACKEND_UNVERIFIED' });
    expect(opened.pool.info('colours').id).toBe(added.info.id);
    const sha256 = createHash('sha256').update(colourClassifier(2)).digest('hex');
    expect((await opened.library.pull({ ...request, sha256 }, quiet, signal)).info.id).not.toBe(added.info.id);
    expect(readFileSync(join(opened.folder, 'models.json'), 'utf8')).not.toContain('hidden');
  });

  it('goes on after a restart with what was on disk', async () => {
    const model = colourClassifier();
    const server = await fileServer({ 'colours.onnx': model, 'labels.txt': Buffer.from('red\ngreen\nblue') });
    const fetch = createGuardedFetch({ allow: server.allow });
    const opened = await openLibrary(undefined, fetch);
    server.state.cutAfter = 100;
    const abort = new AbortController();
    const request = { source: server.url('colours.onnx'), beside: [server.url('labels.txt')] };
    const cut = opened.library.pull(request, quiet, abort.signal);
    const cancelled = expect(cut).rejects.toMatchObject({ code: 'CONFLICT_CANCELLED' });
    // Asked to go on from somewhere: so much is on disk.
    await expect.poll(() => server.state.ranges.some((range) => range !== ''), { timeout: 20_000 }).toBe(true);
    abort.abort();
    await cancelled;
    const left = join(opened.folder, '.incoming');
    expect(readdirSync(left)).toHaveLength(1);
    server.state.cutAfter = 0;
    server.state.ranges.length = 0;
    const again = await openLibrary(opened.folder, fetch);
    await again.library.pull(request, quiet, signal);
    expect(server.state.ranges[0]).toMatch(/^bytes=\d+-$/);
    expect(existsSync(join(opened.folder, 'colours'))).toBe(true);
  });

  it('leaves nothing behind of what will not come, and keeps for a week what may', async () => {
    const server = await fileServer({
      'colours.onnx': colourClassifier(),
      'labels.txt': Buffer.from('red\ngreen\nblue'),
    });
    const opened = await openLibrary(undefined, createGuardedFetch({ allow: server.allow }));
    const incoming = join(opened.folder, '.incoming');
    const left = (): string[] => (existsSync(incoming) ? readdirSync(incoming) : []);
    const request = { source: server.url('colours.onnx'), beside: [server.url('labels.txt')] };
    for (const bad of [
      { ...request, source: server.url('nothing.onnx') },
      { ...request, beside: [server.url('nothing.txt')] },
      { ...request, sha256: '0'.repeat(64) },
      { source: server.url('labels.txt'), name: 'no-model' },
    ]) {
      await expect(opened.library.pull(bad, quiet, signal)).rejects.toThrow();
      expect(left()).toEqual([]);
    }
    const days = (count: number): Date => new Date(Date.now() - count * 86_400_000);
    for (const [name, age] of [
      ['pull-new', 1],
      ['pull-old', 8],
    ] as const) {
      mkdirSync(join(incoming, name), { recursive: true });
      utimesSync(join(incoming, name), days(age), days(age));
    }
    await openLibrary(opened.folder);
    expect(left()).toEqual(['pull-new']);
  });

  describe('stopped between two files', () => {
    /** Cancelled as it asks for the labels: the model is whole, nothing of the labels is there. */
    async function stopped() {
      const model = colourClassifier();
      const server = await fileServer({ 'colours.onnx': model, 'labels.txt': Buffer.from('red\ngreen\nblue') });
      const guarded = createGuardedFetch({ allow: server.allow });
      const abort = new AbortController();
      const opened = await openLibrary(undefined, (url, options) => {
        if (url.endsWith('labels.txt')) abort.abort();
        return guarded(url, options);
      });
      const request = { source: server.url('colours.onnx'), beside: [server.url('labels.txt')] };
      const code = 'CONFLICT_CANCELLED';
      await expect(opened.library.pull(request, quiet, abort.signal)).rejects.toMatchObject({ code });
      const files = readdirSync(join(opened.folder, '.incoming'), { recursive: true });
      expect(files.filter((name) => String(name).endsWith('.onnx'))).toHaveLength(1);
      server.state.ranges.length = 0;
      const incoming = (): string[] => readdirSync(join(opened.folder, '.incoming'));
      return { ...opened, model, server, request, incoming };
    }

    it('asks only for what is missing', async () => {
      const { library, model, server, request, incoming } = await stopped();
      const { info } = await library.pull(request, quiet, signal);
      expect(info.labels).toEqual(['red', 'green', 'blue']);
      expect(server.state.ranges).toEqual([`bytes=${model.length}-`, '']);
      expect(incoming()).toEqual([]);
    });

    it('fetches a file anew that has another state by now', async () => {
      const { library, server, request } = await stopped();
      server.state.files['colours.onnx'] = colourClassifier(2);
      const { info } = await library.pull(request, quiet, signal);
      const files = await library.files(info.id);
      expect(Buffer.from(files.get('colours.onnx')!).equals(Buffer.from(colourClassifier(2)))).toBe(true);
    });

    it('refuses another thing than the sha-256 that was given, and begins anew the next time', async () => {
      const { library, model, server, request, incoming } = await stopped();
      const sha256 = createHash('sha256').update(model).digest('hex');
      server.state.files['colours.onnx'] = colourClassifier(2);
      const code = 'BACKEND_UNVERIFIED';
      await expect(library.pull({ ...request, sha256 }, quiet, signal)).rejects.toMatchObject({ code });
      expect(incoming()).toEqual([]);
      server.state.files['colours.onnx'] = model;
      server.state.ranges.length = 0;
      await library.pull({ ...request, sha256 }, quiet, signal);
      expect(server.state.ranges).toEqual(['', '']);
    });

    it('begins anew where less is there than was fetched, whatever the server calls it', async () => {
      const { library, model, server, request, incoming, folder } = await stopped();
      const [left] = incoming();
      const file = join(folder, '.incoming', left!, 'colours.onnx');
      writeFileSync(file, Buffer.concat([model, Buffer.alloc(40)]));
      await library.pull(request, quiet, signal);
      expect(server.state.ranges).toEqual([`bytes=${model.length + 40}-`, '', '']);
    });

    it.each([
      ['that nothing of it is left, but not how long it is', 416, {}],
      ['that it is as long, of another state', 416, { etag: '"new"', 'content-range': 'bytes */LENGTH' }],
      ['with the rest of another state', 206, { etag: '"new"', 'content-range': 'bytes LENGTH-9999/10000' }],
    ])('begins anew where a server passes over If-Range and says %s', async (_, status, headers) => {
      const { model, server, request, folder } = await stopped();
      server.state.files['colours.onnx'] = colourClassifier(2);
      const fetch = createGuardedFetch({ allow: server.allow });
      const again = await openLibrary(folder, async (url, options) => {
        if (options.headers?.range === undefined || !url.endsWith('colours.onnx')) return fetch(url, options);
        const said = Object.entries(headers).map(([name, text]) => [
          name,
          text.replace('LENGTH', String(model.length)),
        ]);
        const body = Readable.from([Buffer.from('rest')]);
        return { status, headers: Object.fromEntries(said), body, close: () => undefined };
      });
      const { info } = await again.library.pull(request, quiet, signal);
      const files = await again.library.files(info.id);
      expect(Buffer.from(files.get('colours.onnx')!).equals(Buffer.from(colourClassifier(2)))).toBe(true);
    });

    it('keeps pulls of the same model with other files beside it apart', async () => {
      const { library, server, request, incoming } = await stopped();
      const alone = { source: request.source, name: 'alone' };
      await library.pull(alone, quiet, signal);
      expect(server.state.ranges).toEqual(['']);
      expect(incoming()).toHaveLength(1);
    });
  });

  it('tries again where the server is busy', async () => {
    const server = await fileServer({
      'colours.onnx': colourClassifier(),
      'labels.txt': Buffer.from('red\ngreen\nblue'),
    });
    const { library } = await openLibrary(undefined, createGuardedFetch({ allow: server.allow }));
    server.state.busy = 1;
    const { info } = await library.pull(
      { source: server.url('colours.onnx'), beside: [server.url('labels.txt')] },
      quiet,
      signal,
    );
    expect(info.labels).toEqual(['red', 'green', 'blue']);
    expect(server.state.ranges).toHaveLength(2);
  });

  it('does not fetch the same addresses twice at once', async () => {
    const server = await fileServer({
      'colours.onnx': colourClassifier(),
      'labels.txt': Buffer.from('red\ngreen\nblue'),
    });
    const { library } = await openLibrary(undefined, createGuardedFetch({ allow: server.allow }));
    const request = { source: server.url('colours.onnx'), beside: [server.url('labels.txt')] };
    const first = library.pull(request, quiet, signal);
    await expect(library.pull({ ...request, name: 'other' }, quiet, signal)).rejects.toThrow(
      /is being fetched already/,
    );
    const { info } = await first;
    expect((await library.pull(request, quiet, signal)).info.id).toBe(info.id);
  });

  it('refuses addresses of which one file would take the place of another, before it asks any', async () => {
    const { library } = await openLibrary();
    const request = { source: 'https://models.example/a/model.onnx', beside: ['https://models.example/b/model.onnx'] };
    await expect(library.pull(request, quiet, signal)).rejects.toThrow(/Two addresses give the file 'model.onnx'/);
  });

  it('takes a model out of an installed package', async () => {
    const { library } = await openLibrary();
    const source = 'npm:sharp/package.json';
    await expect(library.pull({ source, name: 'x' }, quiet, signal)).rejects.toThrow(/\.onnx file is missing/);
  });
});
