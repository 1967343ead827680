/** The library over a folder: what people add lies there, version by version, and is served through the pool. */
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../core/clock.ts';
import { isoTime } from '../../core/clock.ts';
import { diskError } from '../../core/disk-error.ts';
import { AppError } from '../../core/errors.ts';
import { shownAddress } from '../../core/shown-address.ts';
import type { InferencePool } from '../backend.ts';
import { type ModelEntry, modelInfo } from '../manifest.ts';
import { type LinearHead, withHead } from '../onnx-head.ts';
import { builtinModels, checkFile, modelFolder, readVerified } from '../registry.ts';
import type { RemoteFetch } from '../remote.ts';
import { signatureOf } from '../signature-thread.ts';
import type { ModelFetch } from './download.ts';
import { readModelFolder } from './folder.ts';
import { packageFiles, takeIn } from './intake.ts';
import type {
  AddOptions,
  LibraryEvent,
  LibraryVersion,
  ModelBench,
  ModelLibrary,
  NewModelFile,
  PullProgress,
  PullRequest,
  VerifiedFile,
} from './library.ts';
import { clearIncoming, fetchFiles, mayGoOn, pullFolder } from './pull.ts';
import { type LibraryRecord, readRecord, writeRecord } from './record.ts';
import { benchModel, sample, tryModel } from './trial.ts';
import { builtinVersion, compare, nameFrom, nameOf, servedBefore, without } from './versions.ts';

export interface LibraryOptions {
  /** `models/` of the data folder. */
  readonly folder: string;
  /** What is there without anybody adding it. Default: those of `models/manifest.json`. */
  readonly shipped?: readonly ModelEntry[];
  readonly pool: InferencePool;
  readonly fetch: ModelFetch & RemoteFetch;
  readonly clock: Clock;
  /** Unguessable, unique. */
  readonly newId: () => string;
}

export async function openModelLibrary(options: LibraryOptions): Promise<ModelLibrary> {
  const library = new FolderLibrary(options);
  await library.open();
  return library;
}

const NAME = /^[a-z0-9][a-z0-9.-]{0,63}$/;

class FolderLibrary implements ModelLibrary {
  readonly #options: LibraryOptions;
  readonly #shipped: readonly ModelEntry[];
  #record: LibraryRecord;
  /** Folders of pulls under way: two would write into the same files. */
  readonly #pulling = new Set<string>();
  /** Changes come one after the other. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: LibraryOptions) {
    this.#options = options;
    this.#shipped = options.shipped ?? builtinModels();
    this.#record = readRecord(this.#recordFile);
  }

  /** Makes the pool know what is here; what a crash left half-way is cleared away, save downloads. */
  async open(): Promise<void> {
    const { pool } = this.#options;
    for (const id of Object.keys(this.#record.versions)) pool.add(this.#entry(id));
    for (const [name, version] of Object.entries(this.#record.serving)) pool.serve(`${name}@${version}`);
    await clearIncoming(this.#incoming, this.#options.clock.now());
  }

  list(): readonly LibraryVersion[] {
    const own = Object.keys(this.#record.versions).map((id) => this.#version(id));
    const sorted = own.sort((a, b) => compare(a.info.name, b.info.name) || Number(b.serving) - Number(a.serving));
    return [...this.#shipped.map(builtinVersion), ...sorted];
  }

  get(model: string): LibraryVersion {
    const all = this.list();
    const found = all.find(({ info, serving }) => info.id === model || (serving && info.name === model));
    if (found) return found;
    const ofName = all.filter(({ info }) => info.name === nameOf(model)).map(({ info }) => info.id);
    const names = ofName.length > 0 ? ofName : [...new Set(all.map(({ info }) => info.name))];
    throw new AppError('NOT_FOUND', `There is no model '${model}'; there are: ${names.join(', ')}.`, {
      details: { model },
    });
  }

  /** Only what comes after the upload keeps others waiting. */
  async add(files: AsyncIterable<NewModelFile>, options: AddOptions): Promise<LibraryVersion> {
    if (options.name !== undefined) this.#checkName(options.name);
    const folder = join(this.#incoming, this.#options.newId());
    try {
      await takeIn(folder, files);
      return await this.#inTurn(() => this.#keep(folder, options));
    } catch (error) {
      throw diskError(error);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  pull(request: PullRequest, progress: PullProgress, signal: AbortSignal): Promise<LibraryVersion> {
    if (request.name !== undefined) this.#checkName(request.name);
    const { source, beside: _beside, sha256: _sha, ...rest } = request;
    if (source.startsWith('npm:')) return this.add(packageFiles(source), { ...rest, origin: source });
    return this.#pullAddress(request, { ...rest, origin: shownAddress(source) }, progress, signal);
  }

  /** Only what comes after the download keeps others waiting. */
  async #pullAddress(
    request: PullRequest,
    options: AddOptions,
    progress: PullProgress,
    signal: AbortSignal,
  ): Promise<LibraryVersion> {
    const folder = join(this.#incoming, pullFolder(request));
    const { fetch } = this.#options;
    const clear = (): Promise<void> => rm(folder, { recursive: true, force: true });
    if (this.#pulling.has(folder)) {
      throw new AppError('CONFLICT', `${shownAddress(request.source)} is being fetched already; wait for that to end.`);
    }
    this.#pulling.add(folder);
    try {
      const pins = await fetchFiles(folder, request, { fetch, pins: this.#record.pins, progress, signal });
      return await this.#inTurn(async () => {
        const added = await this.#keep(folder, options);
        this.#change({ pins: { ...this.#record.pins, ...pins } });
        await clear();
        return added;
      });
    } catch (error) {
      if (!mayGoOn(error)) await clear();
      throw diskError(error);
    } finally {
      this.#pulling.delete(folder);
    }
  }

  serve(id: string, act: 'served' | 'rolled back'): Promise<LibraryVersion> {
    return this.#inTurn(() => this.#serve(this.get(id), act, 'asked for'));
  }

  rollback(name: string): Promise<LibraryVersion> {
    return this.#inTurn(async () => {
      const { info } = this.get(name);
      const last = servedBefore(this.#record, info);
      if (!last) {
        const remedy = `\`headstart models serve ${info.name}@VERSION\` chooses any other`;
        throw new AppError('CONFLICT', `No version of '${info.name}' served before ${info.version}; ${remedy}.`, {
          details: { model: name },
        });
      }
      return this.#serve(this.get(`${info.name}@${last}`), 'rolled back', `from ${info.version}`);
    });
  }

  remove(id: string): Promise<void> {
    return this.#inTurn(async () => {
      const { info, builtin, serving } = this.get(id);
      if (builtin) throw new AppError('CONFLICT', `'${info.name}' ships with Headstart; it cannot be removed.`);
      const others = Object.keys(this.#record.versions).filter((one) => one !== info.id && nameOf(one) === info.name);
      if (serving && others.length > 0) {
        throw new AppError('CONFLICT', `'${info.id}' serves; let another version serve first: ${others.join(', ')}.`, {
          details: { others },
        });
      }
      await this.#options.pool.remove(info.id);
      const { [info.id]: _gone, ...versions } = this.#record.versions;
      this.#change({
        versions,
        serving: without(this.#record.serving, info),
        shadows: without(this.#record.shadows, info),
        events: [...this.#record.events, this.#event(info, 'removed', '')],
      });
      await rm(this.#folderOf(info.id), { recursive: true, force: true });
    });
  }

  history(name?: string): readonly LibraryEvent[] {
    const events = this.#record.events.filter((event) => name === undefined || event.name === name);
    // Nothing has happened to a built-in one; of any other name it means that there is none.
    if (name !== undefined && events.length === 0) this.get(name);
    return events;
  }

  async verify(model?: string): Promise<readonly VerifiedFile[]> {
    const versions = model === undefined ? this.list() : [this.get(model)];
    const found: VerifiedFile[] = [];
    for (const { entry, info } of versions) {
      for (const file of Object.keys(entry.files)) {
        const reason = await checkFile(entry, modelFolder(entry), file).then(
          () => '',
          (error: unknown) => (error instanceof Error ? error.message : String(error)),
        );
        found.push({ id: info.id, file, ok: reason === '', reason });
      }
    }
    return found;
  }

  async bench(model: string): Promise<ModelBench> {
    const { entry, info } = this.get(model);
    return benchModel(entry, info.id, { fetch: this.#options.fetch });
  }

  async graphWithHead(id: string, head: LinearHead): Promise<Uint8Array | null> {
    const { entry } = this.get(id);
    const file = String(entry.processing.file);
    const bytes = (await this.files(id)).get(file);
    if (bytes === undefined || !entry.runtime.startsWith('onnx-')) return null;
    return withHead(entry, bytes, await signatureOf(join(modelFolder(entry), file)), head);
  }

  files(id: string): Promise<ReadonlyMap<string, Uint8Array>> {
    const { entry } = this.get(id);
    return readVerified(entry, modelFolder(entry));
  }

  get #recordFile(): string {
    return join(this.#options.folder, 'models.json');
  }

  get #incoming(): string {
    return join(this.#options.folder, '.incoming');
  }

  #folderOf(id: string): string {
    const [name, version] = id.split('@') as [string, string];
    return join(this.#options.folder, name, version);
  }

  #entry(id: string): ModelEntry {
    return { ...this.#record.versions[id]!.entry, source: { type: 'folder', path: this.#folderOf(id) } };
  }

  #version(id: string): LibraryVersion {
    const { origin, addedAt, assumed } = this.#record.versions[id]!;
    const entry = this.#entry(id);
    const info = modelInfo(entry);
    const serving = this.#record.serving[info.name] === info.version;
    const shadow = this.#record.shadows[info.name] === info.version;
    return { info, entry, builtin: false, serving, shadow, origin, addedAt, assumed };
  }

  /** From a folder of files to a version that serves or stands by. */
  async #keep(folder: string, { name, license = '', shadow = false, origin }: AddOptions): Promise<LibraryVersion> {
    const chosen = name ?? (await nameFrom(folder));
    this.#checkName(chosen);
    const { entry, assumed } = await readModelFolder(folder, { name: chosen, license });
    const info = modelInfo(entry);
    const known = info.id in this.#record.versions;
    if (known && (await this.verify(info.id)).some(({ ok }) => !ok)) {
      await this.#moveIn(folder, entry);
      this.#options.pool.add(this.#entry(info.id));
    }
    if (!known) {
      await this.#tryOrRefuse(entry);
      await this.#moveIn(folder, entry);
      const { source: _source, ...kept } = entry;
      const version = { entry: kept, origin, addedAt: isoTime(this.#options.clock), assumed };
      this.#change({
        versions: { ...this.#record.versions, [info.id]: version },
        events: [...this.#record.events, this.#event(info, 'added', origin)],
      });
      this.#options.pool.add(this.#entry(info.id));
    }
    const served = this.#record.serving[info.name];
    if (shadow && served !== undefined && served !== info.version) {
      this.#change({ shadows: { ...this.#record.shadows, [info.name]: info.version } });
      return this.#version(info.id);
    }
    return served === info.version ? this.#version(info.id) : this.#serve(this.#version(info.id), 'served', origin);
  }

  async #tryOrRefuse(entry: ModelEntry): Promise<void> {
    try {
      await tryModel(entry, { fetch: this.#options.fetch });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#change({ events: [...this.#record.events, this.#event(modelInfo(entry), 'refused', reason)] });
      throw error;
    }
  }

  /** Only what the entry names is kept. */
  async #moveIn(folder: string, entry: ModelEntry): Promise<void> {
    const target = this.#folderOf(modelInfo(entry).id);
    await rm(target, { recursive: true, force: true });
    await mkdir(target, { recursive: true, mode: 0o700 });
    const golden = (entry.golden ?? []).flatMap(({ input }) => ('file' in input ? [input.file] : []));
    for (const name of new Set([...Object.keys(entry.files), ...golden])) {
      await rename(join(folder, name), join(target, name));
    }
  }

  /** Warm before it is asked for by name: nobody waits for the load. */
  async #serve(version: LibraryVersion, act: LibraryEvent['act'], reason: string): Promise<LibraryVersion> {
    const { info, entry } = version;
    const { pool } = this.#options;
    if (version.serving) return version;
    await this.#tryOrRefuse(entry);
    const { failed } = await pool.run(info.id, [sample(info.input)], { lane: 'online' });
    if (failed[0]) throw AppError.fromPlain(failed[0].error);
    pool.serve(info.id);
    this.#change({
      serving: { ...this.#record.serving, [info.name]: info.version },
      shadows: without(this.#record.shadows, info),
      events: [...this.#record.events, this.#event(info, act, reason)],
    });
    return this.#version(info.id);
  }

  #checkName(name: string): void {
    if (!NAME.test(name) || name.includes('..')) {
      throw new AppError('INPUT_BAD_FIELD', 'A model name has lower-case letters, digits, `-` and `.`, 64 at most.', {
        details: { field: 'name', given: name.slice(0, 100) },
      });
    }
    if (this.#shipped.some((entry) => entry.name === name)) {
      throw new AppError('CONFLICT', `'${name}' is the name of a model that ships with Headstart.`);
    }
  }

  #event({ name, version }: { name: string; version: string }, act: LibraryEvent['act'], reason: string): LibraryEvent {
    return { at: isoTime(this.#options.clock), name, version, act, reason };
  }

  #change(change: Partial<LibraryRecord>): void {
    const next = { ...this.#record, ...change };
    writeRecord(this.#recordFile, next);
    this.#record = next;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work, work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }
}
