/** The neighbour port over a child process, which all projects share: started when first needed, and again when it died. */
import { type ChildProcess, fork } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { entryFile } from '../core/entry.ts';
import { AppError } from '../core/errors.ts';
import type { FromNeighbours, ToNeighbours } from './neighbour-protocol.ts';
import type { CallOptions, NeighbourSpaces } from './neighbours.ts';

export interface NeighbourProcessOptions {
  /** Graphs and indexes are kept below it. */
  readonly folder: string;
  /** Module that exports `createProducts`: fast products of blocks of rows. */
  readonly products: string;
  /** Threads of an index that has any. */
  readonly threads: number;
  /** Items up to which every row is looked at instead of an index; the default was measured. */
  readonly exactItemsMax?: number;
}

/** A step of a hundred thousand items takes seconds; who is stopped in a longer one is not worth waiting for. */
const STOP_MS = 20_000;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
  readonly onProgress: CallOptions['onProgress'];
}

export function openNeighbourProcess(options: NeighbourProcessOptions): NeighbourSpaces {
  const waiting = new Map<number, Waiting>();
  let child: ChildProcess | undefined;
  let nextId = 1;
  let closed = false;

  const start = (): ChildProcess => {
    const fresh = forked();
    const ended = (error: AppError): void => {
      if (child !== fresh) return;
      child = undefined;
      fail(waiting, error);
    };
    fresh.on('message', (message: FromNeighbours) => receive(waiting, message));
    fresh.on('error', (error) => fresh.pid === undefined && ended(refused(error)));
    fresh.once('close', () => {
      ended(new AppError('BACKEND_CRASHED', 'The process that finds neighbours ended; ask again.'));
    });
    post(fresh, { type: 'start', ...options });
    return fresh;
  };

  const call = async (name: string, args: readonly unknown[], { signal, onProgress }: CallOptions = {}) => {
    if (closed || signal?.aborted) throw new AppError('CONFLICT_CANCELLED', 'The work was stopped.');
    child ??= start();
    const own = child;
    const id = nextId++;
    let kill: NodeJS.Timeout | undefined;
    // It answers between two steps, and others' work goes on. A native loop cannot be interrupted: what the process knew
    // is on disk or in the rows, and others ask again.
    const stop = (): void => {
      post(own, { type: 'stop', id });
      kill = setTimeout(() => own.kill('SIGKILL'), STOP_MS);
    };
    signal?.addEventListener('abort', stop);
    try {
      return await new Promise<unknown>((resolve, reject) => {
        waiting.set(id, { resolve, reject, onProgress });
        post(own, { type: 'call', id, name, args });
      });
    } finally {
      signal?.removeEventListener('abort', stop);
      clearTimeout(kill);
    }
  };

  return {
    open: (key, ordinals) => call('open', [key, ordinals]) as Promise<Uint32Array>,
    put: async (key, ordinals, rows) => void (await call('put', [key, ordinals, rows])),
    build: (key, how) => call('build', [key], how) as ReturnType<NeighbourSpaces['build']>,
    nearest: (key, ...rest) => call('nearest', [key, ...rest]) as ReturnType<NeighbourSpaces['nearest']>,
    spread: (key, request, how) => call('spread', [key, request], how) as ReturnType<NeighbourSpaces['spread']>,
    clusters: (key, ordinals, count, how) =>
      call('clusters', [key, ordinals, count], how) as ReturnType<NeighbourSpaces['clusters']>,
    layout: (key, known, how) => call('layout', [key, known], how) as ReturnType<NeighbourSpaces['layout']>,
    copies: (key, least, how) => call('copies', [key, least], how) as ReturnType<NeighbourSpaces['copies']>,
    textCopies: (texts, how) => call('textCopies', [texts], how) as ReturnType<NeighbourSpaces['textCopies']>,
    imageCopies: (hashes, how) => call('imageCopies', [hashes], how) as ReturnType<NeighbourSpaces['imageCopies']>,
    async drop(projectId) {
      // One that ends meanwhile has forgotten everything.
      await (child && call('drop', [projectId]).catch(() => undefined));
      await rm(join(options.folder, String(projectId)), { recursive: true, force: true });
    },
    async close() {
      closed = true;
      const last = child;
      if (last?.pid === undefined) return;
      const ended = new Promise((resolve) => last.once('close', resolve));
      last.kill('SIGKILL');
      await ended;
    },
  };
}

/** Short of memory or processes, the system refuses: some refusals are thrown, the others are events. */
function forked(): ChildProcess {
  try {
    // No environment: it needs none of the server's secrets.
    return fork(entryFile(import.meta.url, './neighbour-main.ts'), [], {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      execArgv: [],
      env: {},
    });
  } catch (error) {
    throw refused(error);
  }
}

function refused(cause: unknown): AppError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new AppError('BACKEND_CRASHED', `The process that finds neighbours could not be started: ${why}.`, { cause });
}

/** One that has ended, or never began, has no channel; its calls are failed by the event that says so. */
function post(child: ChildProcess, message: ToNeighbours): void {
  if (child.connected) child.send(message, () => undefined);
}

function receive(waiting: Map<number, Waiting>, message: FromNeighbours): void {
  const one = waiting.get(message.id);
  if (message.type === 'progress') {
    one?.onProgress?.(message.stage, message.done);
    return;
  }
  waiting.delete(message.id);
  if (message.type === 'done') one?.resolve(message.value);
  else one?.reject(AppError.fromPlain(message.error));
}

function fail(waiting: Map<number, Waiting>, error: AppError): void {
  for (const { reject } of waiting.values()) reject(error);
  waiting.clear();
}
