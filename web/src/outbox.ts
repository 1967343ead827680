/**
 * Answers on their way to the server: kept in the browser until acknowledged, sent in order, each counted once.
 *
 * An entry is written before the page moves on and removed after the server's yes, so it survives a reload, a closed
 * lid and a restarted server. Sending twice is harmless: the server knows each answer by its `submission_id`.
 */

export interface Entry {
  /** Sorts entries by age; also the storage key. */
  readonly key: string;
  readonly kind: 'submit' | 'update' | 'undo';
  readonly projectId: number;
  readonly taskId: number;
  /** The answer this is about. */
  readonly submissionId: string;
  /** The row of an undo or update; null when the answer was not yet acknowledged: it is looked up when its turn comes. */
  readonly annotationId: number | null;
  readonly body: unknown;
  /** The token it was given under: a later change of identity must not move an answer to somebody else. */
  readonly token: string | null;
}

export interface Refused {
  readonly entry: Entry;
  readonly message: string;
}

/** The part of localStorage that is needed. */
export interface Shelf {
  readonly length: number;
  key(index: number): string | null;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export type SendOutcome =
  | { readonly state: 'done'; readonly annotationId: number | null }
  /** Not now: the network or the server is away. */
  | { readonly state: 'later' }
  | { readonly state: 'refused'; readonly message: string };

export interface OutboxParts {
  readonly shelf: Shelf;
  readonly now: () => number;
  /** Runs `work` after so many milliseconds. */
  readonly wait: (work: () => void, ms: number) => void;
  readonly send: (entry: Entry) => Promise<SendOutcome>;
}

const PENDING = 'headstart.outbox.';
const REFUSED = 'headstart.refused.';
/** Which rows the last answers became: an undo or a correction may come later, from another tab or after a reload. */
const KNOWN = 'headstart.acknowledged';
const KNOWN_MAX = 200;
/** First pause after a failure; doubles up to the last, so that a restarted server is found within seconds. */
const RETRY_MS = { first: 250, last: 4_000 } as const;

export class Outbox {
  readonly #parts: OutboxParts;
  readonly #listeners = new Set<(acknowledged: Entry | null) => void>();
  #sequence = 0;
  #sending = false;
  #failures = 0;
  /** Only one tab of a browser sends; the others write to the shelf and watch. */
  #leader = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  add(entry: Omit<Entry, 'key'>): Entry {
    const age = String(this.#parts.now()).padStart(15, '0') + String(this.#sequence++).padStart(6, '0');
    const key = `${PENDING}${age}.${entry.submissionId}`;
    const whole = { ...entry, key };
    this.#parts.shelf.setItem(key, JSON.stringify(whole));
    this.#tell(null);
    void this.#drain();
    return whole;
  }

  pending(): Entry[] {
    return this.#read<Entry>(PENDING);
  }

  refused(): Refused[] {
    return this.#read<Refused>(REFUSED);
  }

  /** Puts refused entries back in line. */
  retryRefused(): void {
    for (const { entry } of this.refused()) {
      this.#parts.shelf.setItem(entry.key, JSON.stringify(entry));
      this.#parts.shelf.removeItem(refusedKey(entry));
    }
    this.#tell(null);
    void this.#drain();
  }

  discardRefused(): void {
    for (const { entry } of this.refused()) this.#parts.shelf.removeItem(refusedKey(entry));
    this.#tell(null);
  }

  /** From now on this tab sends, starting with whatever an earlier life has left. */
  lead(): void {
    this.#leader = true;
    void this.#drain();
  }

  /** Somebody says that the server is back (an event stream opened, the network returned). */
  nudge(): void {
    this.#failures = 0;
    void this.#drain();
  }

  /** For views: called after each change. */
  readonly subscribe = (listener: () => void): (() => void) => this.onChange(listener);

  pendingCount(): number {
    return this.#keys(PENDING).length;
  }

  refusedCount(): number {
    return this.#keys(REFUSED).length;
  }

  /** Called after each change; with the entry when it was an acknowledgement. */
  onChange(listener: (acknowledged: Entry | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #drain(): Promise<void> {
    if (!this.#leader || this.#sending) return;
    this.#sending = true;
    try {
      for (let entry = this.pending()[0]; entry !== undefined; entry = this.pending()[0]) {
        const ready = this.#resolved(entry);
        if (ready === null) {
          this.#dropRefused(entry);
          continue;
        }
        const outcome = await this.#parts.send(ready);
        if (outcome.state === 'later') return this.#retryLater();
        this.#failures = 0;
        if (outcome.state === 'done') this.#acknowledge(ready, outcome.annotationId);
        else this.#refuse(ready, outcome.message);
      }
    } finally {
      this.#sending = false;
    }
  }

  #retryLater(): void {
    const pause = Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** this.#failures++);
    this.#tell(null);
    this.#parts.wait(() => void this.#drain(), pause);
  }

  /** With the row it is about; null when there is none, because its answer was refused. */
  #resolved(entry: Entry): Entry | null {
    if (entry.kind === 'submit' || entry.annotationId !== null) return entry;
    const row = this.#known().find(([submissionId]) => submissionId === entry.submissionId);
    return row === undefined ? null : { ...entry, annotationId: row[1] };
  }

  /** Taking a refused answer back, or changing it, ends it: it must not be sent again later. */
  #dropRefused(entry: Entry): void {
    for (const { entry: refused } of this.refused()) {
      if (refused.submissionId === entry.submissionId) this.#parts.shelf.removeItem(refusedKey(refused));
    }
    this.#parts.shelf.removeItem(entry.key);
    this.#tell({ ...entry, annotationId: null });
  }

  #acknowledge(entry: Entry, annotationId: number | null): void {
    if (entry.kind === 'submit' && annotationId !== null) {
      const known = [...this.#known(), [entry.submissionId, annotationId] as const].slice(-KNOWN_MAX);
      this.#parts.shelf.setItem(KNOWN, JSON.stringify(known));
    }
    this.#parts.shelf.removeItem(entry.key);
    this.#tell({ ...entry, annotationId });
  }

  #known(): readonly (readonly [string, number])[] {
    return JSON.parse(this.#parts.shelf.getItem(KNOWN) ?? '[]') as readonly (readonly [string, number])[];
  }

  #refuse(entry: Entry, message: string): void {
    this.#parts.shelf.setItem(refusedKey(entry), JSON.stringify({ entry, message }));
    this.#parts.shelf.removeItem(entry.key);
    this.#tell(null);
  }

  #read<T>(prefix: string): T[] {
    return this.#keys(prefix).map((key) => JSON.parse(this.#parts.shelf.getItem(key)!) as T);
  }

  #keys(prefix: string): string[] {
    const keys: string[] = [];
    for (let i = 0; i < this.#parts.shelf.length; i++) {
      const key = this.#parts.shelf.key(i);
      if (key?.startsWith(prefix)) keys.push(key);
    }
    return keys.sort();
  }

  #tell(acknowledged: Entry | null): void {
    for (const listener of this.#listeners) listener(acknowledged);
  }
}

function refusedKey(entry: Entry): string {
  return entry.key.replace(PENDING, REFUSED);
}
