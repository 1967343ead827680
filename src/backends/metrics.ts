/** Counts what the pool does, for Prometheus. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { PoolStatus } from './backend.ts';
import type { PoolObserver } from './observer.ts';

export interface PoolMetrics {
  readonly observer: PoolObserver;
  /** In the text format of Prometheus, version 0.0.4. */
  text(status: PoolStatus): Promise<string>;
  /** Stops watching the event loop. */
  close(): void;
}

/** From one item to as many as any model takes at once. */
const ITEMS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];
/** From a warm short text to the deadline of a batch. */
const SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 60];
const LOOP_RESOLUTION_MS = 10;

export function createPoolMetrics(): PoolMetrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name: `headstart_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name: `headstart_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, labelNames: string[], buckets: number[]) =>
    new Histogram({ name: `headstart_${name}`, help, labelNames, buckets, registers });

  const sizes = histogram('batch_items', 'Items per batch', ['model', 'lane'], ITEMS);
  const releases = counter('batches_released_total', 'Batches sent to hosts, by why they left', [
    'model',
    'lane',
    'reason',
  ]);
  const waits = histogram('queue_wait_seconds', 'How long the oldest item of a batch waited', ['lane'], SECONDS);
  const seconds = histogram('batch_seconds', 'Time a model took for a batch', ['model'], SECONDS);
  const items = counter('items_total', 'Items answered', ['model', 'outcome']);
  const units = counter('engine_units_total', 'Tokens or pictures given to engines, with padding and without', [
    'model',
    'kind',
  ]);
  const deaths = counter('host_deaths_total', 'Hosts that died unasked', ['cause']);
  const refusals = counter('calls_refused_total', 'Calls refused because too much waits', ['model']);
  const waiting = gauge('items_waiting', 'Items in the queues', ['lane']);
  const hosts = gauge('hosts', 'Inference processes', ['state']);
  const memory = gauge('host_resident_bytes', 'Memory of each inference process after its last batch', ['pid']);
  const own = gauge('server_resident_bytes', 'Memory of the server process');
  const lag = gauge('event_loop_delay_seconds', 'Delay of timers since the last look', ['quantile']);
  const loop = monitorEventLoopDelay({ resolution: LOOP_RESOLUTION_MS });
  loop.enable();

  const look = (status: PoolStatus): void => {
    for (const lane of ['online', 'bulk'] as const) waiting.set({ lane }, status.itemsWaiting[lane]);
    for (const state of ['starting', 'ready']) {
      hosts.set({ state }, status.hosts.filter((host) => host.state === state).length);
    }
    memory.reset();
    for (const host of status.hosts) memory.set({ pid: host.pid }, host.residentBytes);
    own.set(process.memoryUsage.rss());
    for (const share of [50, 99]) lag.set({ quantile: String(share / 100) }, loop.percentile(share) / 1e9);
    loop.reset();
  };
  return {
    observer: {
      released({ model, lane, items: count, reason, waitedMs }) {
        sizes.observe({ model, lane }, count);
        releases.inc({ model, lane, reason });
        waits.observe({ lane }, waitedMs / 1_000);
      },
      done({ model, items: count, failed, ms, work }) {
        seconds.observe({ model }, ms / 1_000);
        items.inc({ model, outcome: 'done' }, count - failed);
        items.inc({ model, outcome: 'failed' }, failed);
        if (!work) return;
        units.inc({ model, kind: 'padded' }, work.padded);
        units.inc({ model, kind: 'useful' }, work.useful);
      },
      died: (cause) => deaths.inc({ cause }),
      refused: (model) => refusals.inc({ model }),
    },
    text(status) {
      look(status);
      return registry.metrics();
    },
    close: () => loop.disable(),
  };
}
