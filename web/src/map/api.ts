/** The map from the server: columns in base64, read into typed arrays. */
import type { Reply } from '../../../src/server/contract/index.ts';
import { call } from '../http.ts';
import type { Job } from '../wire.ts';

export interface MapData {
  readonly drawn: string;
  readonly unplaced: number;
  readonly labels: readonly string[];
  readonly ids: Uint32Array;
  /** (n x 2) */
  readonly xy: Float32Array;
  /** Indices into `labels`; -1 for none. */
  readonly given: Int16Array;
  readonly suggested: Int16Array;
  /** 0..254: 1 - score; 255 where there is no number. */
  readonly unsure: Uint8Array;
}

const base = (id: number): string => `/api/projects/${id}`;

export const mapApi = {
  /** Null before it was drawn. */
  async get(id: number): Promise<MapData | null> {
    const map = await call<Reply<'mapGet'> | undefined>('GET', `${base(id)}/map`);
    if (!map) return null;
    return {
      drawn: map.drawn,
      unplaced: map.unplaced,
      labels: map.labels,
      ids: new Uint32Array(bytesOf(map.tasks)),
      xy: new Float32Array(bytesOf(map.xy)),
      given: new Int16Array(bytesOf(map.given)),
      suggested: new Int16Array(bytesOf(map.suggested)),
      unsure: new Uint8Array(bytesOf(map.unsure)),
    };
  },
  draw: (id: number, anew: boolean) => call<Job>('POST', `${base(id)}/map`, { body: { anew } }),
  queueFirst: (id: number, tasks: readonly number[]) =>
    call<{ queued: number }>('POST', `${base(id)}/queue/first`, { body: { tasks } }),
};

function bytesOf(base64: string): ArrayBuffer {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes.buffer;
}
