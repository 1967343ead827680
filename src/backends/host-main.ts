/** Entry of a host: a child process that loads models and runs one batch after the other, online ones first. */
import { AppError, type PlainError } from '../core/errors.ts';
import { yieldAsHost } from '../core/priority.ts';
import { tuneCalls } from './autotune.ts';
import { checkOutput } from './check-output.ts';
import { type HostWatch, watchHost } from './host-watch.ts';
import type { ModelEntry } from './manifest.ts';
import type { FromHost, ToHost } from './protocol.ts';
import { type ModelFiles, readVerified } from './registry.ts';
import type { LoadedModel } from './runtime.ts';
import { runtimeNamed } from './runtimes.ts';

type Run = Extract<ToHost, { type: 'run' }>;
type Tune = Extract<ToHost, { type: 'tune' }>;

interface Known {
  readonly entry: ModelEntry;
  readonly folder: string;
  callSize: number | null;
  loaded: LoadedModel | undefined;
}

/** Least cap of a host: Node, an engine and what a batch needs; models add three times their files. */
const HOST_BYTES_MIN = 512_000_000;
/** The file itself, the weights as the engine lays them out, and what a call works on. */
const BYTES_PER_MODEL_BYTE = 3;

const models = new Map<string, Known>();
const waiting: (Run | Tune)[] = [];
let runtimes: Readonly<Record<string, string>> = {};
let watched: Promise<HostWatch> | undefined;
let fixedBytesMax: number | null = null;
let modelBytes = 0;
let busy = false;

yieldAsHost();
process.on('message', (message: ToHost) => {
  if (message.type === 'start') {
    runtimes = message.runtimes;
    fixedBytesMax = message.bytesMax;
    watched = watchHost(bytesMax());
    void watched.then(() => send({ type: 'ready' }));
  } else if (message.type === 'model') models.set(message.id, { ...message, loaded: undefined });
  else if (message.type === 'use') setSize(models.get(message.model)!, message.callSize);
  else {
    waiting.push(message);
    if (!busy) void drain();
  }
});
process.on('disconnect', () => process.exit(0));

async function drain(): Promise<void> {
  busy = true;
  await watched;
  for (let next = takeNext(); next; next = takeNext()) {
    if (next.type === 'run') await answer(next);
    else await tune(next);
    await readChannel();
  }
  busy = false;
}

function takeNext(): Run | Tune | undefined {
  return takeOnline() ?? waiting.shift();
}

function takeOnline(): Run | undefined {
  const online = waiting.findIndex((one) => one.type === 'run' && one.lane === 'online');
  return online < 0 ? undefined : (waiting.splice(online, 1)[0] as Run);
}

async function answer(run: Run): Promise<void> {
  let stage: 'load' | 'run' = 'load';
  try {
    const model = await loadedModel(run.model);
    stage = 'run';
    await send({ type: 'started', batch: run.batch });
    const [start, cpuStart] = [performance.now(), cpuNow()];
    const output = checkOutput(models.get(run.model)!.entry, run.items.length, await model.run(run.items));
    const [ms, cpuMs] = [performance.now() - start, cpuNow() - cpuStart];
    void send({ type: 'done', batch: run.batch, output, ms, cpuMs, residentBytes: process.memoryUsage.rss() });
  } catch (error) {
    void send({ type: 'failed', batch: run.batch, stage, error: plainError(stage, error) });
  }
}

/** Measures the best call size; whoever waits for an answer is served between two probes. */
async function tune({ batch, model }: Tune): Promise<void> {
  let stage: 'load' | 'run' = 'load';
  try {
    const { calls } = await loadedModel(model);
    stage = 'run';
    await send({ type: 'started', batch });
    const sizeMax = models.get(model)!.entry.batch.costMax;
    const pause = () => serveOthers(batch);
    const best = calls && (await tuneCalls(calls, { sizeMax, cpuMs: cpuNow, now: () => performance.now(), pause }));
    if (best) setSize(models.get(model)!, best.size);
    void send({ type: 'tuned', batch, callSize: best?.size ?? null });
  } catch (error) {
    void send({ type: 'failed', batch, stage, error: plainError(stage, error) });
  }
}

/** From then on the measuring is the suspect again. */
async function serveOthers(tuned: number): Promise<void> {
  await readChannel();
  const first = takeOnline();
  for (let run = first; run; run = takeOnline()) await answer(run);
  if (first) await send({ type: 'started', batch: tuned });
}

async function loadedModel(id: string): Promise<LoadedModel> {
  const known = models.get(id)!;
  if (!known.loaded) {
    await send({ type: 'loading', model: id });
    const runtime = await runtimeNamed(known.entry.runtime, runtimes);
    const files = await readVerified(known.entry, known.folder);
    known.loaded = await loadWithin(bytesOf(files), () => runtime.load(known.entry, files));
    if (known.callSize !== null) setSize(known, known.callSize);
    await send({ type: 'loaded', model: id, device: known.loaded.device, bytesMax: bytesMax() });
  }
  return known.loaded;
}

/** Raises the cap by what the model needs. After a failed load it comes down with the next one, when the memory is free. */
async function loadWithin(bytes: number, load: () => Promise<LoadedModel>): Promise<LoadedModel> {
  modelBytes += bytes;
  (await watched)?.allow(bytesMax());
  try {
    return await load();
  } catch (error) {
    modelBytes -= bytes;
    throw error;
  }
}

function setSize(known: Known, callSize: number): void {
  known.callSize = callSize;
  known.loaded?.calls?.use(callSize);
}

/** Resident memory at which this process ends itself. */
function bytesMax(): number {
  return fixedBytesMax ?? Math.max(HOST_BYTES_MIN, BYTES_PER_MODEL_BYTE * modelBytes);
}

function bytesOf(files: ModelFiles): number {
  return [...files.values()].reduce((sum, bytes) => sum + bytes.byteLength, 0);
}

function cpuNow(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Resolves when the message is handed to the system: it then survives whatever happens to this process. */
function send(message: FromHost): Promise<void> {
  return new Promise((resolve) => process.send!(message, () => resolve()));
}

/** A model blocks this thread, so online batches pile up in the channel; two turns of the loop read them. */
async function readChannel(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function plainError(stage: 'load' | 'run', error: unknown): PlainError {
  if (error instanceof AppError) return error.toPlain();
  const message = error instanceof Error ? error.message : String(error);
  return stage === 'load'
    ? new AppError('BACKEND_LOAD', `The model could not be loaded: ${message}`).toPlain()
    : new AppError('BACKEND_BAD_ITEM', `The model refused the item: ${message}`).toPlain();
}
