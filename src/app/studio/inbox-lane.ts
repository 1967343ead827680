/**
 * The events of one connection, worked off one after the other: a server that is slow keeps those of no other waiting.
 */
import { EventEmitter, once } from 'node:events';
import type { InboxRow } from '../../core/connection.ts';
import type { Deps } from '../deps.ts';

const BATCH = 100;
/** Afterwards an event is only listed by the doctor. */
export const ATTEMPTS_MAX = 5;
const RETRY_MS = 5_000;
/** So long nothing has come in, or the first event has waited for so long. */
const QUIET_MS = 100;
const HELD_MS_MAX = 1_000;

export interface LaneWork {
  /** A look at all that is there begins. */
  begins(): void;
  /** False for an event that is to be tried again. */
  workOff(row: InboxRow): Promise<boolean>;
}

export class InboxLane {
  readonly #deps: Deps;
  readonly #connectionId: number;
  readonly #work: LaneWork;
  /** Event -> when to try it again. */
  readonly #postponed = new Map<number, number>();
  /** Says `end` after each look at all that was there when it began. */
  readonly #passes = new EventEmitter();
  #begun = 0;
  #ended = 0;
  #draining: Promise<void> | null = null;
  #again = false;
  #stopped = false;
  #timer: NodeJS.Timeout | undefined;
  #waiting: NodeJS.Timeout | undefined;
  #heldSince = 0;

  constructor(deps: Deps, connectionId: number, work: LaneWork) {
    this.#deps = deps;
    this.#connectionId = connectionId;
    this.#work = work;
  }

  /** Events often come in crowds, and each is waited for by somebody: what they mean can wait until the crowd is through. */
  soon(): void {
    if (this.#stopped) return;
    const now = performance.now();
    if (this.#waiting === undefined) this.#heldSince = now;
    clearTimeout(this.#waiting);
    const wait = Math.min(QUIET_MS, Math.max(0, this.#heldSince + HELD_MS_MAX - now));
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined;
      this.kick();
    }, wait);
  }

  kick(): void {
    this.#again = true;
    if (this.#draining || this.#stopped) return;
    this.#draining = this.#drain();
  }

  async settled(signal: AbortSignal): Promise<void> {
    const pass = this.#begun + 1;
    this.kick();
    while (this.#ended < pass && !this.#stopped && !signal.aborted) {
      await once(this.#passes, 'end', { signal }).catch(() => undefined);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#waiting);
    this.#passes.emit('end');
    await this.#draining;
  }

  async #drain(): Promise<void> {
    try {
      while (this.#again && !this.#stopped) {
        this.#again = false;
        await this.#pass();
      }
    } catch (error) {
      this.#deps.log.error({ error: String(error) }, 'events of Label Studio could not be read');
      this.#later();
    } finally {
      // In the same turn as the last look at `#again`: whoever kicks later finds nobody at work, and begins.
      this.#draining = null;
    }
  }

  async #pass(): Promise<void> {
    this.#begun += 1;
    const { studio } = this.#deps.store;
    const last = await studio.newestEvent();
    const vanished = new Set(this.#postponed.keys());
    this.#work.begins();
    for (let after = 0; after < last; ) {
      const rows = await studio.inbox(this.#connectionId, { after, limit: BATCH }, ATTEMPTS_MAX);
      for (const row of rows) {
        // What came since is for the next pass: this one has an end.
        if (this.#stopped || row.id > last) break;
        vanished.delete(row.id);
        await this.#try(row);
        await new Promise((resolve) => setImmediate(resolve));
      }
      after = rows.length < BATCH || this.#stopped ? last : rows.at(-1)!.id;
    }
    if (!this.#stopped) for (const id of vanished) this.#postponed.delete(id);
    this.#ended = this.#begun;
    this.#passes.emit('end');
  }

  async #try(row: InboxRow): Promise<void> {
    const { clock } = this.#deps;
    if ((this.#postponed.get(row.id) ?? 0) > clock.now()) return;
    this.#postponed.delete(row.id);
    if (await this.#work.workOff(row)) return;
    this.#postponed.set(row.id, clock.now() + RETRY_MS);
    this.#later();
  }

  #later(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.kick(), RETRY_MS).unref();
  }
}
