/** A server in this process, and projects of pictures and sounds on it. */
import { type Running, startServer } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { temporaryFolder } from './process.ts';

export const IMAGE_CONFIG =
  '<View><Image name="image" value="$image"/><RectangleLabels name="box" toName="image"><Label value="cat"/></RectangleLabels></View>';
export const AUDIO_CONFIG =
  '<View><Audio name="audio" value="$audio"/><Choices name="kind" toName="audio"><Choice value="a"/><Choice value="b"/></Choices></View>';

export interface MediaServer extends Running {
  readonly folder: string;
  project(labelConfig: string): Promise<number>;
  /** As the owner, or with `token`. */
  send(path: string, init?: RequestInit & { token?: string }): Promise<Response>;
  json<T>(path: string, init?: RequestInit): Promise<T>;
  uploadForm(projectId: number, files: readonly (readonly [string, Uint8Array | string])[]): Promise<Response>;
  remove(): Promise<void>;
}

export async function startMediaServer(flags: Record<string, string> = {}): Promise<MediaServer> {
  const { folder, remove } = temporaryFolder();
  const running = await startServer(readConfig({ data: folder, port: '0', hosts: '1', log: 'silent', ...flags }, {}));
  const send: MediaServer['send'] = (path, { token, ...init } = {}) =>
    fetch(running.url + path, {
      ...init,
      headers: { authorization: `Token ${token ?? running.secret}`, ...init.headers },
    });
  const json = async <T>(path: string, init?: RequestInit): Promise<T> => (await send(path, init)).json() as Promise<T>;
  return {
    ...running,
    folder,
    send,
    json,
    async project(labelConfig) {
      const body = JSON.stringify({ title: 'Media', label_config: labelConfig, settings: { embedder: 'lexical' } });
      const headers = { 'content-type': 'application/json' };
      return (await json<{ id: number }>('/api/projects', { method: 'POST', body, headers })).id;
    },
    uploadForm(projectId, files) {
      const form = new FormData();
      for (const [name, bytes] of files) form.append('file', new Blob([Buffer.from(bytes)]), name);
      return send(`/api/projects/${projectId}/uploads?as_tasks=true`, { method: 'POST', body: form });
    },
    async remove() {
      await running.close();
      remove();
    },
  };
}
