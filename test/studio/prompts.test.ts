/** Interactive prompts on pictures: the bound model answers, and a newer prompt ends the older one. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import { ProjectConfigs } from '../../src/app/projects/project-config.ts';
import { Interactive } from '../../src/app/studio/interactive.ts';
import type { SuggestionVersions } from '../../src/app/studio/version.ts';
import type { InferenceOptions } from '../../src/backends/backend.ts';
import { formOf } from '../../src/cli/model-files.ts';
import type { Connection } from '../../src/core/connection.ts';
import { AppError } from '../../src/core/errors.ts';
import { STUDIO_TOKEN } from './stand-in.ts';
import { type StudioWorld, studioWorld, until } from './world.ts';

const CONFIG = `<View><Image name="image" value="$image"/>
  <KeyPointLabels name="point" toName="image" smart="true"><Label value="Dog"/><Label value="Cat"/></KeyPointLabels>
  <RectangleLabels name="box" toName="image"><Label value="Dog"/><Label value="Cat"/></RectangleLabels></View>`;

const click = (x: number, y: number, label = 'Dog', is_positive = true) => ({
  from_name: 'point',
  to_name: 'image',
  type: 'keypointlabels',
  value: { x, y, width: 0.3, keypointlabels: [label] },
  is_positive,
});

interface Reply {
  readonly result: readonly {
    readonly from_name: string;
    readonly type: string;
    readonly value: { readonly x: number; readonly rectanglelabels: readonly string[] };
  }[];
  readonly score: number;
  readonly model_version: string;
}

describe('a prompt, with a model that answers when it is told to', () => {
  const INFO = {
    id: 'finder@1',
    name: 'finder',
    input: 'image',
    labels: ['cat', 'dog'],
    outputs: { boxes: { fields: ['x', 'y', 'width', 'height', 'score', 'label'] }, size: { dim: 2 } },
  };
  const ANSWER = {
    outputs: {
      boxes: {
        data: Float32Array.of(0.1, 0.1, 0.2, 0.2, 0.9, 0, 0.5, 0.5, 0.4, 0.4, 0.8, 1),
        width: 6,
        offsets: Uint32Array.of(0, 2),
      },
      size: { data: Float32Array.of(100, 100), width: 2 },
    },
    failed: [],
  };

  function setUp(models: Record<string, string> = { box: 'finder' }) {
    const calls: { options: InferenceOptions; answer(): void }[] = [];
    const deps = {
      store: { projects: { get: async () => ({ id: 1, labelConfig: CONFIG, settings: { models } }) } },
      library: { list: () => [{ info: INFO, serving: true }] },
      media: {
        open: async () => ({
          kind: 'image',
          type: 'image/png',
          size: 1,
          read: async function* () {
            yield Buffer.from('x');
          },
          close: async () => undefined,
        }),
      },
      inference: {
        info: () => INFO,
        run: (_model: string, _items: unknown, options: InferenceOptions) =>
          new Promise((done, fail) => {
            options.signal!.addEventListener('abort', () => fail(new AppError('CONFLICT_CANCELLED', 'Cancelled.')));
            calls.push({ options, answer: () => done(ANSWER) });
          }),
      },
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    } as unknown as Deps;
    const versions = { of: async () => ({ name: 'hs-1', suggests: true }) } as unknown as SuggestionVersions;
    const interactive = new Interactive(deps, new ProjectConfigs(), versions);
    const connection = {
      id: 1,
      projectId: 1,
      studioProject: null,
      settings: { orderField: null },
    } as unknown as Connection;
    const ask = async (result: object[], { user = 1, image = 'a.png', gone = new AbortController().signal } = {}) => {
      const context = JSON.parse(JSON.stringify({ result, user_id: user }));
      const text = await interactive.suggest(connection, [{ id: 7, data: { image } }], context, gone);
      return (JSON.parse(text) as { results: Reply[] }).results[0]!;
    };
    return { ask, calls };
  }

  it('gets the thing under the click, under the label that was drawn, for the control that is bound', async () => {
    const { ask, calls } = setUp();
    const reply = ask([click(20, 20)]);
    await until('the call', () => calls.length === 1);
    expect(calls[0]!.options.lane).toBe('online');
    calls[0]!.answer();
    expect((await reply).result).toMatchObject([
      { from_name: 'box', type: 'rectanglelabels', value: { rectanglelabels: ['Dog'] } },
    ]);
    expect((await reply).result[0]!.value.x).toBeCloseTo(10, 3);
    // The next click on the same picture needs no model.
    const next = await ask([click(20, 20), click(70, 70)]);
    expect(next).toMatchObject({ result: [], score: 0 });
    const cat = await ask([click(70, 70, 'Cat')]);
    expect(cat.result).toMatchObject([{ value: { rectanglelabels: ['Cat'] } }]);
    expect(calls).toHaveLength(1);
  });

  it('is ended by a newer one of the same person, and by nobody else', async () => {
    const { ask, calls } = setUp();
    const first = ask([click(20, 20)]);
    await until('the first call', () => calls.length === 1);
    const second = ask([click(20, 20)]);
    const other = ask([click(70, 70)], { user: 2 });
    await until('all calls', () => calls.length === 3);
    expect(calls.map(({ options }) => options.signal!.aborted)).toEqual([true, false, false]);
    expect(await first).toMatchObject({ result: [], score: 0 });
    for (const { answer } of calls) answer();
    expect((await second).result).toHaveLength(1);
    expect((await other).result).toHaveLength(1);
  });

  it('is ended when the person has left, and says nothing without a bound model', async () => {
    const { ask, calls } = setUp();
    const leaving = new AbortController();
    const reply = ask([click(20, 20)], { gone: leaving.signal });
    await until('the call', () => calls.length === 1);
    leaving.abort();
    expect(await reply).toMatchObject({ result: [], score: 0 });
    const unbound = setUp({});
    expect(await unbound.ask([click(20, 20)])).toMatchObject({ result: [], score: 0 });
    expect(unbound.calls).toEqual([]);
  });
});

const MODEL = resolve(import.meta.dirname, '../../../shared/models/yolox_nano');
const PHOTO = resolve(import.meta.dirname, '../../../shared/data/images/test-images/pets.jpg');

describe.skipIf(!existsSync(MODEL) && process.env.CI !== 'true')('prompts on a photo (../shared/models)', () => {
  let world: StudioWorld;
  afterEach(() => world?.close());

  it('are answered by the detector that is bound', async () => {
    world = await studioWorld({ labelConfig: CONFIG });
    world.studio.files.set('upload/5/pets.jpg', readFileSync(PHOTO));
    const task = world.studio.add({ image: '/data/upload/5/pets.jpg' });
    const { client, studio } = world;
    const body = { url: studio.url, token: STUDIO_TOKEN, studio_project: 5 };
    const made = await client.call('studioConnect', { body });
    await studio.connect(made.backend_url);
    const form = formOf(['yolox_nano.onnx', 'coco80_labels.txt'].map((name) => join(MODEL, name)));
    await client.upload('libraryAdd', { query: { name: 'yolox-nano' } }, form.body, form.contentType);
    await client.call('modelBind', {
      params: { project_id: made.project },
      body: { control: 'box', model: 'yolox-nano' },
    });
    // Golden: a dog at [109.7, 35.4, 255.9, 296.0] in a photo of 512 x 430.
    const reply = (await studio.interactive(task.id, { result: [click(36, 40)], user_id: 1 })) as unknown as Reply;
    expect(reply.result).toMatchObject([{ from_name: 'box', value: { rectanglelabels: ['Dog'] } }]);
    expect(reply.result[0]!.value.x).toBeCloseTo((100 * 109.7) / 512, 0);
  }, 60_000);
});
