/** The port of media: pictures, sounds, films and documents that tasks show, wherever they lie. */
import type { MediaHeader } from './header.ts';
import type { MediaKind } from './sniff.ts';

/** Both ends included. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface MediaInfo {
  /** From the bytes, never from a name or a header; text of any kind is `text/plain`. */
  readonly type: string;
  readonly kind: MediaKind;
  /** May a browser show it? Anything else is a download. */
  readonly inline: boolean;
  /** Bytes. */
  readonly size: number;
  /** A plain file name, its ending from the type. */
  readonly name: string;
  /** Changes when the bytes do. */
  readonly version: string;
  /** Within the limits on pixels, pages and duration, else it would not have been opened. */
  readonly header: MediaHeader;
}

/** An open file: read once, or closed. */
export interface Media extends MediaInfo {
  read(range?: ByteRange): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export interface NewUpload {
  /** As the uploader called it; kept as data, never used as a path. */
  readonly name: string;
  readonly body: AsyncIterable<Uint8Array>;
}

/** A stored upload. */
export interface Upload extends MediaInfo {
  /** What to put into a task: `/data/upload/3/4f...-cat.jpg`. */
  readonly reference: string;
  readonly originalName: string;
}

/** By whose rights a server is asked. */
export interface MediaAccess {
  /** Tells it from all others, who are never given what was fetched with it, nor it what they fetched; '' is the public. */
  readonly scope: string;
  /** Sent to that server only. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface MediaStore {
  /**
   * Opens what a text in the data of a task of this project points to. An upload is looked for in this project only,
   * whatever project its address names. Throws MEDIA_FORBIDDEN (a path, `file:`, an address inside), NOT_FOUND,
   * MEDIA_FETCH (retryable), MEDIA_BAD_FILE (a damaged header), LIMIT_SIZE, LIMIT_QUEUE.
   */
  open(reference: string, projectId: number): Promise<Media>;
  /** The same, without opening it for longer than that takes. */
  stat(reference: string, projectId: number): Promise<MediaInfo>;
  /** What another server keeps for those who may see it. Throws like `open`. */
  openFrom(url: string, access: MediaAccess): Promise<Media>;
  /** An upload by the name in its address. */
  openUpload(projectId: number, name: string): Promise<Media>;
  /** Keeps a file. Throws INPUT_EMPTY, LIMIT_SIZE, MEDIA_BAD_FILE, STORE_FULL; nothing is kept then. */
  put(projectId: number, file: NewUpload): Promise<Upload>;
  /** Forgets an upload that no task refers to yet. */
  remove(projectId: number, reference: string): Promise<void>;
  /** A copied project has its own uploads, under the same names. */
  copyUploads(fromProjectId: number, toProjectId: number): Promise<void>;
  removeProject(projectId: number): Promise<void>;
}
