/** Models of the fake App: one that measures texts, one that finds boxes in pictures. */
import type { ModelInfo, ServingApi } from '../../src/app/library/serving-api.ts';
import { AppError } from '../../src/core/errors.ts';

export interface FakeServing extends ServingApi {
  warm: boolean;
}

const base = { version: 'v1', kind: 'embedding', runtime: 'fake', license: 'Apache-2.0', labels: [] };
const MODELS: readonly ModelInfo[] = [
  { ...base, id: 'length@v1', name: 'length', input: 'text', outputs: { embedding: { dim: 2 } }, dim: 2 },
  { ...base, id: 'boxes@v1', name: 'boxes', input: 'image', outputs: { boxes: { fields: ['x', 'y'] } }, dim: 0 },
];

export function fakeServing(): FakeServing {
  const model: ServingApi['model'] = ({ name, version }) => {
    const found = MODELS.find((one) => one.name === name && (version ?? one.version) === one.version);
    if (found) return found;
    throw new AppError('NOT_FOUND', `Fake: no model ${name}.`);
  };
  const serving: FakeServing = {
    warm: true,
    ready: () => serving.warm,
    modelReady: (name) => model(name) !== undefined && serving.warm,
    model,
    async infer(name, items) {
      if (model(name).name === 'boxes') {
        const offsets = Uint32Array.of(0, 2, 2);
        return {
          model: 'boxes@v1',
          outputs: { boxes: { data: Float32Array.of(1, 2, 3, 4), width: 2, offsets } },
          failed: [],
        };
      }
      const texts = items.map((item) => ('text' in item ? item.text : ''));
      if (texts.includes('busy')) {
        throw new AppError('LIMIT_QUEUE', 'Fake: too much waits.', { details: { retryAfterSeconds: 7 } });
      }
      const data = Float32Array.from(texts.flatMap((text) => [text.length, 0.5]));
      return { model: 'length@v1', outputs: { embedding: { data, width: 2 } }, failed: [] };
    },
    metrics: async () => '# HELP headstart_hosts Inference processes\n',
  };
  return serving;
}
