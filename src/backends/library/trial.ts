/** A new version's first steps, in a process of its own: it loads, answers, and answers right, or it serves nobody. */
import { AppError } from '../../core/errors.ts';
import type { InferenceItem, InferenceResult, ModelInput } from '../backend.ts';
import type { GoldenAnswer, ModelEntry } from '../manifest.ts';
import { createInferencePool } from '../pool.ts';
import { modelFolder, readVerified } from '../registry.ts';
import type { RemoteFetch } from '../remote.ts';
import type { ModelBench } from './library.ts';

export interface TrialOptions {
  /** Further runtimes: name -> module; for tests. */
  readonly runtimes?: Readonly<Record<string, string>>;
  /** For models on other servers. */
  readonly fetch?: RemoteFetch;
}

/** Throws what went wrong. The process has ended when it returns. */
export async function tryModel(entry: ModelEntry, options: TrialOptions = {}): Promise<void> {
  await inFreshHost(entry, options, async (run) => {
    const { failed } = await run([sample(entry.input)]);
    if (failed[0]) throw AppError.fromPlain(failed[0].error);
    for (const [index, golden] of (entry.golden ?? []).entries()) {
      const answer = await run([await inputOf(entry, golden)]);
      const wrong = answer.failed[0]?.error.message ?? difference(golden, answer);
      if (wrong) {
        throw new AppError('BACKEND_BAD_OUTPUT', `Golden answer ${index + 1} of '${entry.name}' is missed: ${wrong}.`, {
          details: { golden: index },
        });
      }
    }
  });
}

const BENCH_MS = 2_000;
const BENCH_BATCH = 16;

/** How fast it is on this machine, one process, made-up input. */
export async function benchModel(entry: ModelEntry, id: string, options: TrialOptions = {}): Promise<ModelBench> {
  return inFreshHost(entry, options, async (run) => {
    const item = sample(entry.input);
    await run([item]);
    const from = performance.now();
    await run([item]);
    const msPerItem = performance.now() - from;
    let items = 0;
    const start = performance.now();
    do {
      await run(Array.from({ length: BENCH_BATCH }, () => item));
      items += BENCH_BATCH;
    } while (performance.now() - start < BENCH_MS);
    const itemsPerSecond = (1_000 * items) / (performance.now() - start);
    return { id, items, itemsPerSecond, msPerItem };
  });
}

type Run = (items: readonly InferenceItem[]) => Promise<InferenceResult>;

async function inFreshHost<T>(
  entry: ModelEntry,
  { runtimes = {}, fetch }: TrialOptions,
  work: (run: Run) => Promise<T>,
): Promise<T> {
  const pool = createInferencePool({ hostsMax: 1, models: [entry], runtimes, ...(fetch ? { fetch } : {}) });
  try {
    return await work((items) => pool.run(entry.name, items, { lane: 'online' }));
  } finally {
    await pool.close();
  }
}

async function inputOf(entry: ModelEntry, { input }: GoldenAnswer): Promise<InferenceItem> {
  if ('text' in input) return input;
  const files = await readVerified({ ...entry, files: { [input.file]: input.sha256 } }, modelFolder(entry));
  return { bytes: files.get(input.file)! };
}

/** The first number that is off, in words; undefined when all are right. */
function difference({ outputs, tolerance }: GoldenAnswer, answer: InferenceResult): string | undefined {
  for (const [name, expected] of Object.entries(outputs)) {
    const data = answer.outputs[name]?.data;
    if (!data) return `there is no output '${name}'`;
    for (const [place, value] of Object.entries(expected)) {
      const found = data[Number(place)];
      if (found === undefined || !(Math.abs(found - value) <= tolerance)) {
        return `${name}[${place}] is ${found ?? 'missing'}, not ${value}`;
      }
    }
  }
  return undefined;
}

/** Something that every model of the kind can take. */
export function sample(input: ModelInput): InferenceItem {
  return input === 'text' ? { text: 'Headstart proposes, people decide.' } : { bytes: SAMPLES[input] };
}

/** A picture of 8 x 8 grey pixels (PNG), and half a second of silence (WAV, 16 kHz, 16 bit). */
const SAMPLES = { image: samplePicture(), audio: sampleSound() } as const;

function samplePicture(): Uint8Array {
  return Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAD0lEQVQImWNowAEYhpYEAILzYAEeEbvlAAAAAElFTkSuQmCC',
    'base64',
  );
}

function sampleSound(): Uint8Array {
  const samples = 8_000;
  const wav = Buffer.alloc(44 + 2 * samples);
  wav.write('RIFF', 0);
  wav.writeUInt32LE(36 + 2 * samples, 4);
  wav.write('WAVEfmt ', 8);
  wav.writeUInt32LE(16, 16);
  wav.writeUInt16LE(1, 20);
  wav.writeUInt16LE(1, 22);
  wav.writeUInt32LE(16_000, 24);
  wav.writeUInt32LE(32_000, 28);
  wav.writeUInt16LE(2, 32);
  wav.writeUInt16LE(16, 34);
  wav.write('data', 36);
  wav.writeUInt32LE(2 * samples, 40);
  return wav;
}
