/** Media that tasks of a connected project show: what Label Studio keeps is asked for there, with the token. */
import type { Connection } from '../../core/connection.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import type { Media, MediaStore } from '../../media/media.ts';
import type { Deps } from '../deps.ts';
import { secretHash } from '../secrets.ts';
import { type StudioClient, studioClient } from './client.ts';
import { tokenOf } from './connections.ts';

/** Access that is bought with a personal token lives for five minutes. */
const ACCESS_MS = 60_000;

/** The media store, and behind it the Label Studio servers that a project is connected to. */
export function mediaThroughStudio(deps: Deps): MediaStore {
  const accesses = new Map<number, { readonly of: string; readonly at: number; readonly client: StudioClient }>();
  /** Thousands of files in a row are read with one access token, and not with one each. */
  const clientOf = (connection: Connection): StudioClient => {
    const of = `${connection.url} ${tokenOf(connection)}`;
    const known = accesses.get(connection.id);
    if (known?.of === of && performance.now() - known.at < ACCESS_MS) return known.client;
    const client = studioClient(deps.fetch, connection);
    accesses.set(connection.id, { of, at: performance.now(), client });
    return client;
  };
  const through = (connection: Connection, reference: string): Promise<Media> =>
    openStudioMedia(deps, connection, reference, clientOf(connection));
  const open = async (reference: string, projectId: number): Promise<Media> => {
    if (!isKeptThere(reference)) return deps.media.open(reference, projectId);
    const connections = (await deps.store.studio.list(projectId)).filter((one) => one.url !== null && tokenOf(one));
    if (isAddress(reference)) {
      // Without the token the address of a server leads to its login page.
      const owner = connections.find((one) => pathOn(one, reference) !== null);
      return owner ? through(owner, reference) : deps.media.open(reference, projectId);
    }
    try {
      // Uploads and local files of this machine go first.
      return await deps.media.open(reference, projectId);
    } catch (error) {
      const [connection] = connections;
      if (connection === undefined) throw error;
      return through(connection, reference);
    }
  };
  return {
    ...deps.media,
    open,
    async stat(reference, projectId) {
      const media = await open(reference, projectId);
      await media.close();
      const { read: _read, close: _close, ...info } = media;
      return info;
    },
  };
}

/** Throws what the media store throws, with the step that failed in the message. */
export async function openStudioMedia(
  deps: Deps,
  connection: Connection,
  reference: string,
  client?: StudioClient,
): Promise<Media> {
  const addresses = await addressesOf(deps, connection, reference);
  if (addresses.length === 0) return deps.media.open(reference, connection.projectId);
  const { authorization } = client ?? studioClient(deps.fetch, connection);
  // With another token nobody sees what only the one before it could open.
  const scope = `connection ${connection.id} ${secretHash(tokenOf(connection) ?? '')}`;
  const access = { scope, headers: { authorization: await authorization() } };
  const failed: string[] = [];
  for (const { step, path } of addresses) {
    try {
      return await deps.media.openFrom(`${connection.url}${path}`, access);
    } catch (error) {
      failed.push(`${step}: ${toAppError(error).message}`);
    }
  }
  throw new AppError('MEDIA_FETCH', failed.join(' Then '), { details: { steps: failed.length } });
}

interface Address {
  /** Said when it fails. */
  readonly step: string;
  /** Below the address of the server, which may be a sub-path itself. */
  readonly path: string;
}

/** With or without the sub-path that the server lives under. */
const UPLOAD = /^(?:\/.*)?\/?(?:data\/)?upload\/(\d+)\/([^?#]+)$/;
const LOCAL = /^\/?(?:.*\/)?data\/local-files\/?\?/;
const CLOUD = /^(?:s3|gs|azure-blob|azure_blob):\/\//i;
/** What it puts in place of addresses in a cloud. */
const RESOLVED = /^(?:\/.*)?\/tasks\/(\d+)\/(presign|resolve)\/?\?fileuri=([\w=%+/-]+)$/;

function isKeptThere(reference: string): boolean {
  const path = isAddress(reference) && URL.canParse(reference) ? pathOf(new URL(reference)) : reference;
  return [UPLOAD, LOCAL, CLOUD, RESOLVED].some((form) => form.test(path));
}

function isAddress(reference: string): boolean {
  return /^https?:/i.test(reference);
}

function pathOf({ pathname, search }: URL): string {
  return pathname + search;
}

/** Of an address on this server, below the sub-path that it lives under; null for all other addresses. */
function pathOn({ url }: Connection, reference: string): string | null {
  if (url === null || !URL.canParse(reference)) return null;
  const [base, whole] = [new URL(`${url}/`), new URL(reference)];
  const isThere = whole.origin === base.origin && whole.pathname.startsWith(base.pathname) && whole.username === '';
  return isThere ? pathOf(whole).slice(base.pathname.length - 1) : null;
}

/** Where Label Studio serves it; none for what it does not keep. */
async function addressesOf(deps: Deps, connection: Connection, written: string): Promise<Address[]> {
  const reference = isAddress(written) ? pathOn(connection, written) : written;
  if (reference === null || /^data:/i.test(reference)) return [];
  const upload = UPLOAD.exec(reference);
  if (upload) {
    const file = `upload/${upload[1]}/${upload[2]}`;
    // A name that climbs out of its folder would have the token open any address over there.
    const folder = new URL(`${connection.url}/data/upload/${upload[1]}/`).pathname;
    if (!new URL(`${connection.url}/data/${file}`).pathname.startsWith(folder)) return [];
    const query = `?filepath=${encodeURIComponent(decoded(file))}`;
    return [
      { step: 'asking Label Studio for the upload', path: `/storage-data/uploaded/${query}` },
      { step: 'asking for its public address', path: `/data/${file}` },
    ];
  }
  if (LOCAL.test(reference)) {
    const query = reference.slice(reference.indexOf('?'));
    return [{ step: 'asking Label Studio for the local file', path: `/data/local-files/${query}` }];
  }
  const resolved = RESOLVED.exec(reference);
  if (resolved) {
    const path = `/tasks/${resolved[1]}/${resolved[2]}/?fileuri=${resolved[3]}`;
    return [{ step: 'asking Label Studio for the file in the cloud', path }];
  }
  if (!CLOUD.test(reference)) return [];
  // Any task of the project will do: its storages are what is looked through.
  const [row] = await deps.store.studio.page(connection.id, 0, 1);
  // With its padding, without which the other side does not read it.
  const uri = Buffer.from(reference).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  return row
    ? [{ step: 'asking Label Studio for a presigned address', path: `/tasks/${row.studioId}/presign/?fileuri=${uri}` }]
    : [];
}

/** Names in tasks are written with and without % sequences. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
