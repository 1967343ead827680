/** Entry of a host: a child process that loads models and runs one batch after the other, online ones first. */
import { AppError, type PlainError } from '../core/errors.ts';
import { checkOutput } from './check-output.ts';
import { watchHost } from './host-watch.ts';
import type { ModelEntry } from './manifest.ts';
import type { FromHost, ToHost } from './protocol.ts';
import { readVerified } from './registry.ts';
import type { LoadedModel } from './runtime.ts';
import { runtimeNamed } from './runtimes.ts';

type Run = Extract<ToHost, { type: 'run' }>;

interface Known {
  readonly entry: ModelEntry;
  readonly folder: string;
  loaded: LoadedModel | undefined;
}

const models = new Map<string, Known>();
const waiting: Run[] = [];
let runtimes: Readonly<Record<string, string>> = {};
let watched = Promise.resolve();
let busy = false;

process.on('message', (message: ToHost) => {
  if (message.type === 'start') {
    runtimes = message.runtimes;
    watched = watchHost(message.bytesMax).then(() => send({ type: 'ready' }));
  } else if (message.type === 'model') models.set(message.id, { ...message, loaded: undefined });
  else {
    waiting.push(message);
    if (!busy) void drain();
  }
});
process.on('disconnect', () => process.exit(0));

async function drain(): Promise<void> {
  busy = true;
  await watched;
  for (let run = takeNext(); run; run = takeNext()) {
    await answer(run);
    await readChannel();
  }
  busy = false;
}

function takeNext(): Run | undefined {
  const online = waiting.findIndex((run) => run.lane === 'online');
  return waiting.splice(Math.max(0, online), 1)[0];
}

async function answer(run: Run): Promise<void> {
  let stage: 'load' | 'run' = 'load';
  try {
    const model = await loadedModel(run.model);
    stage = 'run';
    await send({ type: 'started', batch: run.batch });
    const start = performance.now();
    const output = checkOutput(models.get(run.model)!.entry.outputs, run.items.length, await model.run(run.items));
    const ms = performance.now() - start;
    void send({ type: 'done', batch: run.batch, output, ms, residentBytes: process.memoryUsage.rss() });
  } catch (error) {
    void send({ type: 'failed', batch: run.batch, stage, error: plainError(stage, error) });
  }
}

async function loadedModel(id: string): Promise<LoadedModel> {
  const known = models.get(id)!;
  if (!known.loaded) {
    await send({ type: 'loading', model: id });
    const runtime = await runtimeNamed(known.entry.runtime, runtimes);
    known.loaded = await runtime.load(known.entry, await readVerified(known.entry, known.folder));
    await send({ type: 'loaded', model: id, device: known.loaded.device });
  }
  return known.loaded;
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
