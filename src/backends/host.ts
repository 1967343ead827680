/** One supervised child process: starts it, hands it batches, notices its death, kills it when it overruns. */
import { type ChildProcess, fork } from 'node:child_process';
import { entryFile } from '../core/entry.ts';
import type { InferenceItem, Lane } from './backend.ts';
import type { ModelEntry } from './manifest.ts';
import type { FromHost, ToHost } from './protocol.ts';

/** What a host sends itself when it passes its memory cap, see `host-watch.ts`. */
const OVERSIZE_SIGNAL = 'SIGUSR2';
const ENTRY = entryFile(import.meta.url, './host-main.ts');
/** Kept of what the host wrote to stderr: a native abort says there why. */
const STDERR_UNITS_KEPT = 2_000;

export interface HostBatch {
  readonly id: number;
  readonly model: string;
  readonly lane: Lane;
  /** Nothing to run: the call size is to be measured. */
  readonly payload: readonly InferenceItem[] | null;
}

export interface HostModel {
  readonly id: string;
  readonly entry: ModelEntry;
  readonly folder: string;
  readonly callSize: number | null;
}

/** How a host ended. */
export interface Death {
  /** `asked`: we closed it; `overrun`: we killed it for its deadline; `foreign`: killed by a signal from outside; else its own fault. */
  readonly cause: 'asked' | 'overrun' | 'foreign' | 'fault';
  readonly description: string;
  /** The batch that was running, and those that had not begun. */
  readonly running: HostBatch | null;
  readonly untouched: readonly HostBatch[];
  /** The model that was being loaded, by id. */
  readonly loading: string | null;
}

export interface HostOptions {
  readonly runtimes: Readonly<Record<string, string>>;
  readonly batchDeadlineMs: number;
  readonly loadDeadlineMs: number;
  /** Resident memory at which the process ends itself; null: by the models it holds. */
  readonly bytesMax: number | null;
  onMessage(host: Host, message: FromHost, batch: HostBatch | undefined): void;
  onDeath(host: Host, death: Death): void;
}

export class Host {
  readonly pid: number;
  readonly inFlight = new Map<number, HostBatch>();
  readonly loaded = new Set<string>();
  state: 'starting' | 'ready' = 'starting';
  /** As of the last batch; 0 before. */
  residentBytes = 0;
  /** Resident memory at which it ends itself; known when it has loaded something. */
  bytesMax = Number.POSITIVE_INFINITY;
  /** Runs while it waits for a crowd to come back. */
  gathering: NodeJS.Timeout | undefined;
  /** Undefined when the system refused to start it. */
  private readonly child: ChildProcess | undefined;
  private readonly options: HostOptions;
  private readonly known = new Set<string>();
  private readonly ended: Promise<void>;
  private running: number | null = null;
  private loading: string | null = null;
  private ending: 'asked' | 'overrun' | null = null;
  private watchdog: NodeJS.Timeout | undefined;
  private stderr = '';
  private retiring = false;

  constructor(options: HostOptions) {
    this.options = options;
    this.child = this.start();
    this.pid = this.child?.pid ?? -1;
    this.child?.stderr?.setEncoding('utf8').on('data', (text: string) => this.note(text));
    this.child?.on('message', (message: FromHost) => this.receive(message));
    this.child?.on('error', (error) => this.note(`${error.message}\n`));
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null): void => {
        clearTimeout(this.watchdog);
        resolve();
        this.options.onDeath(this, this.death(code, signal));
      };
      // Dead from the start, it takes batches in this turn all the same, and gives them back like any that died.
      if (this.child) this.child.once('close', end);
      else setImmediate(end, null, null);
    });
    this.post({ type: 'start', runtimes: options.runtimes, bytesMax: options.bytesMax });
    this.watch(options.loadDeadlineMs);
  }

  /** Short of memory or processes, the system refuses: some refusals are thrown, the others are events. */
  private start(): ChildProcess | undefined {
    try {
      // No environment: models parse strangers' files and need none of the server's secrets.
      return fork(ENTRY, [], {
        serialization: 'advanced',
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        execArgv: [],
        env: {},
      });
    } catch (error) {
      this.note(error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  private note(text: string): void {
    this.stderr = (this.stderr + text).slice(-STDERR_UNITS_KEPT);
  }

  get accepting(): boolean {
    return this.ending === null && !this.retiring;
  }

  /** Takes no more batches; the caller closes it when those in flight are answered. */
  retire(): void {
    this.retiring = true;
  }

  private get deadlineMs(): number {
    return this.loading || this.state === 'starting' ? this.options.loadDeadlineMs : this.options.batchDeadlineMs;
  }

  send(batch: HostBatch, model: HostModel): void {
    if (!this.known.has(model.id)) {
      this.known.add(model.id);
      this.post({ type: 'model', ...model });
    }
    this.inFlight.set(batch.id, batch);
    if (this.inFlight.size === 1) this.watch(this.deadlineMs);
    const { id, model: name, lane, payload: items } = batch;
    if (items) this.post({ type: 'run', batch: id, model: name, lane, items });
    else this.post({ type: 'tune', batch: id, model: name, lane });
  }

  /** Another call size for a model that it was told of. */
  use(model: string, callSize: number): void {
    if (this.known.has(model)) this.post({ type: 'use', model, callSize });
  }

  /** Ends the process at once: the only safe way to stop a model that runs. */
  async close(): Promise<void> {
    this.end('asked');
    await this.ended;
  }

  private end(reason: 'asked' | 'overrun'): void {
    this.ending ??= reason;
    this.child?.kill('SIGKILL');
  }

  private post(message: ToHost): void {
    // A channel that closed under us is reported by 'close'; the batch is still in inFlight then.
    if (this.child?.connected) this.child.send(message, () => undefined);
  }

  private receive(message: FromHost): void {
    const batch = 'batch' in message ? this.inFlight.get(message.batch) : undefined;
    if (message.type === 'ready') this.state = 'ready';
    if (message.type === 'loading') this.loading = message.model;
    if (message.type === 'loaded') {
      this.loaded.add(message.model);
      this.bytesMax = message.bytesMax;
    }
    if (message.type === 'started') this.running = message.batch;
    if (message.type !== 'loading') this.loading = null;
    if (message.type === 'done') this.residentBytes = message.residentBytes;
    if (message.type === 'done' || message.type === 'failed' || message.type === 'tuned') {
      this.inFlight.delete(message.batch);
      this.running = null;
    }
    if (this.inFlight.size === 0) clearTimeout(this.watchdog);
    else this.watch(this.deadlineMs);
    this.options.onMessage(this, message, batch);
  }

  /** Every sign of life restarts it: a batch is late when nothing was heard for the whole deadline. */
  private watch(ms: number): void {
    clearTimeout(this.watchdog);
    this.watchdog = setTimeout(() => this.end('overrun'), ms);
    this.watchdog.unref();
  }

  private death(code: number | null, signal: NodeJS.Signals | null): Death {
    const running = this.running === null ? null : (this.inFlight.get(this.running) ?? null);
    const untouched = [...this.inFlight.values()].filter((batch) => batch !== running);
    // A host that was large before the batch began says nothing against the batch.
    const worn = signal === OVERSIZE_SIGNAL && this.residentBytes > this.bytesMax / 2;
    const foreign = worn || signal === 'SIGKILL' || signal === 'SIGTERM' || signal === 'SIGINT';
    const cause = this.ending ?? (foreign ? 'foreign' : 'fault');
    const how = cause === 'overrun' ? 'it did not answer in time' : deathWords(code, signal);
    const lastLine = this.stderr.trim().split('\n').at(-1) ?? '';
    return { cause, description: lastLine ? `${how}: ${lastLine}` : how, running, untouched, loading: this.loading };
  }
}

function deathWords(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === OVERSIZE_SIGNAL) return 'it needed more memory than a host may have';
  // Negative: what the system answered instead of starting it.
  if (code === null ? signal === null : code < 0) return 'it could not be started';
  return signal ? `signal ${signal}` : `exit code ${code}`;
}
