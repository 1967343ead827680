/** Models as a service: readiness that rests on a run, answers for programs, figures for Prometheus. */
import type { InferenceItem, ModelInfo } from '../../backends/backend.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import type { Deps } from '../deps.ts';
import { DEFAULT_SETTINGS } from '../projects/projects.ts';
import type { ModelName, ServingApi } from './serving-api.ts';

/** A client that has gone must not hold a host. */
const INFER_MS = 60_000;

export function createServing({ inference, metrics, log }: Deps): ServingApi {
  const warm = new Set<string>();
  const warming = new Set<string>();
  const infoOf = ({ name, version }: ModelName): ModelInfo =>
    inference.info(version === undefined ? name : `${name}@${version}`);

  const warmUp = async ({ id, input }: ModelInfo): Promise<void> => {
    warming.add(id);
    try {
      // What the item is does not matter, and a model may refuse it: it has been loaded and has run.
      await inference.run(id, [SAMPLES[input]], { lane: 'online', timeoutMs: INFER_MS });
      warm.add(id);
    } catch (error) {
      log.warn({ model: id, error: toAppError(error).code }, 'the warm-up run of a model failed');
    } finally {
      warming.delete(id);
    }
  };
  const isReady = (info: ModelInfo): boolean => {
    if (!warm.has(info.id) && !warming.has(info.id)) void warmUp(info);
    const status = inference.status().models.find((one) => one.id === info.id);
    return warm.has(info.id) && status?.broken === null;
  };

  return {
    ready: () => isReady(inference.info(DEFAULT_SETTINGS.embedder)),
    modelReady: (model) => isReady(infoOf(model)),
    model: infoOf,
    async infer(model, items) {
      const result = await inference.run(infoOf(model).id, items, { lane: 'online', timeoutMs: INFER_MS });
      const first = result.failed[0];
      if (first === undefined) return result;
      throw new AppError(first.error.code, `Item ${first.index}: ${first.error.message}`, {
        details: { ...first.error.details, index: first.index, failed: result.failed.length },
      });
    },
    metrics: () => metrics.text(inference.status()),
  };
}

/** One white pixel as PNG, and a tenth of a second of silence as WAV (8 kHz, 8 bits). */
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mP8/x8AAwMCAO+ip1sAAAAASUVORK5CYII=';

const SAMPLES: Readonly<Record<ModelInfo['input'], InferenceItem>> = {
  text: { text: 'A few words to begin with.' },
  image: { bytes: Buffer.from(PIXEL, 'base64') },
  audio: { bytes: silence(8_000, 800) },
};

function silence(rate: number, samples: number): Uint8Array {
  const wav = Buffer.alloc(44 + samples, 0x80);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + samples, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  for (const [offset, value] of [
    [20, 1],
    [22, 1],
    [32, 1],
    [34, 8],
  ] as const) {
    wav.writeUInt16LE(value, offset);
  }
  wav.writeUInt32LE(rate, 24);
  wav.writeUInt32LE(rate, 28);
  wav.write('data', 36);
  wav.writeUInt32LE(samples, 40);
  return wav;
}
