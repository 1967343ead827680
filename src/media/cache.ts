/** Fetched media on disk: each address and access once at a time, the least recently used thrown out first, none older than a week. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../core/clock.ts';
import { diskError } from '../core/disk-error.ts';
import { AppError } from '../core/errors.ts';
import { LIMITS } from '../core/limits.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import type { MediaAccess } from './media.ts';
import { type OpenFile, openBelow } from './paths.ts';

export interface FetchCacheOptions {
  readonly folder: string;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  readonly bytesMax?: number;
  readonly ageMsMax?: number;
}

interface Entry {
  readonly bytes: number;
  readonly fetchedAt: number;
}

const PART = '.part';

/** What anybody gets who asks. */
const PUBLIC: MediaAccess = { scope: '', headers: {} };

export class FetchCache {
  readonly #options: Required<FetchCacheOptions>;
  /** By file name, least recently used first: a Map keeps the order in which keys came. */
  readonly #entries = new Map<string, Entry>();
  readonly #fetching = new Map<string, Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #active = 0;
  #bytes = 0;
  #ready: Promise<void> | null = null;

  constructor(options: FetchCacheOptions) {
    this.#options = { bytesMax: LIMITS.mediaCacheBytesMax, ageMsMax: LIMITS.mediaCacheAgeMs, ...options };
  }

  /**
   * The bytes at this address, as `access` gets them. Throws what the guarded fetch throws, LIMIT_QUEUE, MEDIA_FETCH for
   * a bad reply.
   */
  async open(url: string, { scope, headers }: MediaAccess = PUBLIC): Promise<OpenFile> {
    this.#ready ??= this.#readFolder();
    await this.#ready;
    // Not the headers: they are renewed, and the rights behind them stay the same.
    const name = createHash('sha256')
      .update(`${scope}\n${url.split('#')[0]!}`)
      .digest('hex');
    // Another fetch may throw the file out before it is opened; a second time that is a cache too small for it.
    for (let attempt = 0; ; attempt++) {
      if (!this.#touch(name)) await this.#fetchOnce(name, url, headers);
      try {
        return await openBelow(this.#options.folder, name);
      } catch (error) {
        this.#forget(name);
        if (attempt > 0) throw error;
      }
    }
  }

  #touch(name: string): boolean {
    const entry = this.#entries.get(name);
    if (!entry || this.#options.clock.now() - entry.fetchedAt > this.#options.ageMsMax) return false;
    this.#entries.delete(name);
    this.#entries.set(name, entry);
    return true;
  }

  #fetchOnce(name: string, url: string, headers: Readonly<Record<string, string>>): Promise<void> {
    const running = this.#fetching.get(name);
    if (running) return running;
    const fetching = this.#inTurn(() => this.#fetch(name, url, headers)).finally(() => this.#fetching.delete(name));
    this.#fetching.set(name, fetching);
    return fetching;
  }

  async #inTurn(work: () => Promise<void>): Promise<void> {
    if (this.#active >= LIMITS.mediaFetchesMax) {
      if (this.#waiting.length >= LIMITS.mediaFetchesWaitingMax) {
        throw new AppError('LIMIT_QUEUE', 'Too many media are being fetched; try again later.');
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else this.#active++;
    try {
      await work();
    } finally {
      // The turn goes to the next in line, if there is one.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#active--;
    }
  }

  async #fetch(name: string, url: string, headers: Readonly<Record<string, string>>): Promise<void> {
    const { fetch, folder, clock } = this.#options;
    const reply = await fetch(url, { headers });
    const part = join(folder, name + PART);
    try {
      checkReply(reply.status, String(reply.headers['content-encoding'] ?? 'identity'));
      await pipeline(Readable.from(reply.body, { objectMode: false }), createWriteStream(part, { mode: 0o600 }));
      const { size } = await stat(part);
      await rename(part, join(folder, name));
      this.#forget(name);
      this.#entries.set(name, { bytes: size, fetchedAt: clock.now() });
      this.#bytes += size;
      await this.#evict(name);
    } catch (error) {
      reply.close();
      await rm(part, { force: true });
      throw diskError(error);
    }
  }

  async #evict(keep: string): Promise<void> {
    const { folder, bytesMax, ageMsMax, clock } = this.#options;
    for (const [name, entry] of this.#entries) {
      const isOld = clock.now() - entry.fetchedAt > ageMsMax;
      if (name === keep || (this.#bytes <= bytesMax && !isOld)) continue;
      this.#forget(name);
      await rm(join(folder, name), { force: true });
    }
  }

  #forget(name: string): void {
    this.#bytes -= this.#entries.get(name)?.bytes ?? 0;
    this.#entries.delete(name);
  }

  /** What an earlier process left; halves of files are thrown away. */
  async #readFolder(): Promise<void> {
    const { folder } = this.#options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found: (Entry & { name: string })[] = [];
    for (const name of await readdir(folder)) {
      if (name.endsWith(PART)) await rm(join(folder, name), { force: true });
      else if (/^[0-9a-f]{64}$/.test(name)) {
        const { size, mtimeMs } = await stat(join(folder, name));
        found.push({ name, bytes: size, fetchedAt: mtimeMs });
      }
    }
    for (const { name, ...entry } of found.sort((a, b) => a.fetchedAt - b.fetchedAt)) {
      this.#entries.set(name, entry);
      this.#bytes += entry.bytes;
    }
  }
}

function checkReply(status: number, encoding: string): void {
  if (status !== 200) {
    throw new AppError('MEDIA_FETCH', `The server of the media answered ${status}.`, { details: { status } });
  }
  if (encoding !== 'identity') {
    throw new AppError('MEDIA_FETCH', `The server of the media compressed its reply (${encoding.slice(0, 20)}).`);
  }
}
