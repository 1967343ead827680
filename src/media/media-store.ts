/** Media on one machine: uploads in the data folder, the operator's local files, addresses fetched with care, data in tasks. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { type ByteSource, fileSource, memorySource } from './byte-source.ts';
import { FetchCache } from './cache.ts';
import type { GuardedFetch } from './guarded-fetch.ts';
import { type MediaHeader, readHeader } from './header.ts';
import type { ByteRange, Media, MediaInfo, MediaStore, Upload } from './media.ts';
import { type OpenFile, openBelow, plainName } from './paths.ts';
import { parseReference } from './reference.ts';
import { type MediaType, SNIFF_BYTES, sniff } from './sniff.ts';
import { openUploads } from './uploads.ts';

export interface MediaStoreOptions {
  /** For uploads and the cache of fetched media. */
  readonly folder: string;
  /** What `/data/local-files?d=` reads from; null switches it off. */
  readonly localFiles: string | null;
  readonly fetch: GuardedFetch;
  readonly clock: Clock;
  /** Unguessable, 32 hex digits. */
  readonly newId: () => string;
  readonly cacheBytesMax?: number;
}

/** Headers of files seen lately: counting the frames of an animation reads all of it. */
const KNOWN_MAX = 10_000;

export function createMediaStore(options: MediaStoreOptions): MediaStore {
  const uploads = openUploads(join(options.folder, 'uploads'));
  const cache = new FetchCache({
    folder: join(options.folder, 'cache'),
    fetch: options.fetch,
    clock: options.clock,
    ...(options.cacheBytesMax === undefined ? {} : { bytesMax: options.cacheBytesMax }),
  });
  const known = new Map<string, { type: MediaType; header: MediaHeader }>();

  const describe = async (source: ByteSource, version: string) => {
    const old = known.get(version);
    if (old) return old;
    const type = sniff(await source.read(0, SNIFF_BYTES));
    const found = { type, header: await readHeader(source, type) };
    if (known.size >= KNOWN_MAX) known.clear();
    known.set(version, found);
    return found;
  };

  /** @param place what tells it from all other files; its last part is its name, unless `name` says otherwise. */
  const ofFile = async (file: OpenFile, place: string, name = place): Promise<Media> => {
    try {
      const version = versionOf(`${place}\n${file.size}\n${file.modifiedMs}`);
      const { type, header } = await describe(fileSource(file.handle, file.size), version);
      return {
        ...infoOf(type, header, name, file.size, version),
        read: (range) => readFile(file.handle, range),
        close: () => file.handle.close(),
      };
    } catch (error) {
      await file.handle.close();
      throw error;
    }
  };

  const ofBytes = async (bytes: Uint8Array): Promise<Media> => {
    const version = versionOf(bytes);
    const { type, header } = await describe(memorySource(bytes), version);
    return {
      ...infoOf(type, header, 'data', bytes.length, version),
      read: async function* (range) {
        yield range ? bytes.subarray(range.start, range.end + 1) : bytes;
      },
      close: async () => undefined,
    };
  };

  const openUpload = async (projectId: number, name: string) =>
    ofFile(await uploads.open(projectId, idIn(name)), idIn(name), name.slice(ID_CHARS + 1));

  const open = async (text: string, projectId: number): Promise<Media> => {
    const reference = parseReference(text);
    switch (reference.kind) {
      case 'upload':
        return openUpload(projectId, reference.name);
      case 'local':
        return ofFile(await openBelow(localFolder(options.localFiles), reference.path), reference.path);
      case 'http':
        return ofFile(await cache.open(reference.url), reference.url, new URL(reference.url).pathname);
      case 'data':
        return ofBytes(reference.bytes);
    }
  };

  const stat = async (text: string, projectId: number): Promise<MediaInfo> => {
    const media = await open(text, projectId);
    await media.close();
    return withoutBytes(media);
  };

  return {
    open,
    stat,
    openFrom: async (url, access) =>
      ofFile(await cache.open(url, access), `${access.scope}\n${url}`, new URL(url).pathname),
    openUpload,
    async put(projectId, { name, body }): Promise<Upload> {
      const id = options.newId();
      await uploads.write(projectId, id, body);
      try {
        const media = await ofFile(await uploads.open(projectId, id), id, name);
        await media.close();
        const info = withoutBytes(media);
        return { ...info, originalName: name, reference: `/data/upload/${projectId}/${id}-${info.name}` };
      } catch (error) {
        await uploads.remove(projectId, id);
        throw error;
      }
    },
    async remove(projectId, text) {
      const reference = parseReference(text);
      if (reference.kind === 'upload') await uploads.remove(projectId, idIn(reference.name));
    },
    copyUploads: (from, to) => uploads.copyProject(from, to),
    removeProject: (projectId) => uploads.removeProject(projectId),
  };
}

const ID_CHARS = 32;

/** The id before the readable part of a name. */
function idIn(name: string): string {
  return name.split('-', 1)[0]!.split('.', 1)[0]!;
}

function infoOf(type: MediaType, header: MediaHeader, place: string, size: number, version: string): MediaInfo {
  const name = (plainName(place) || type.kind) + type.extension;
  return { type: type.type, kind: type.kind, inline: type.inline, size, name, version, header };
}

function withoutBytes({ read: _read, close: _close, ...info }: Media): MediaInfo {
  return info;
}

function versionOf(what: string | Uint8Array): string {
  return createHash('sha256').update(what).digest('hex').slice(0, 32);
}

async function* readFile(handle: FileHandle, range?: ByteRange): AsyncGenerator<Uint8Array> {
  yield* handle.createReadStream({
    autoClose: true,
    ...(range ? { start: range.start, end: range.end } : { start: 0 }),
  });
}

function localFolder(folder: string | null): string {
  if (folder !== null) return folder;
  throw new AppError('MEDIA_FORBIDDEN', 'Local files are off; start the server with --local-files <folder>.');
}
