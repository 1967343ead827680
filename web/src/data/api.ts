/** What the pages about a project as a whole ask of the server: files in and out, settings, its end. */
import type { Body, Reply } from '../../../src/server/contract/index.ts';
import { authorization, call, problemOf } from '../http.ts';

export type Format = Reply<'exportFormats'>[number];
export type Losses = Reply<'exportLosses'>;
export type ProjectChange = Body<'projectUpdate'>;

/** Which answers leave, in which format. */
export interface ExportChoice {
  readonly exportType: string;
  readonly labels: 'annotations' | 'predictions' | 'both' | 'consensus';
  readonly download_all_tasks: boolean;
  readonly with_media: boolean;
}

const addressOf = (project: number, part: string, choice: ExportChoice): string =>
  `/api/projects/${project}/${part}?${new URLSearchParams(Object.entries(choice).map(([key, value]) => [key, String(value)]))}`;

export const dataApi = {
  formats: (project: number) => call<Format[]>('GET', `/api/projects/${project}/export/formats`),
  losses: (project: number, choice: ExportChoice) => call<Losses>('GET', addressOf(project, 'export/losses', choice)),
  importFile: (project: number, file: File, skipInvalid: boolean) =>
    call<Reply<'projectImport'>>(
      'POST',
      `/api/projects/${project}/import?name=${encodeURIComponent(file.name)}&skip_invalid=${skipInvalid}`,
      { body: file },
    ),
  change: (project: number, change: ProjectChange) =>
    call<Reply<'projectUpdate'>>('PATCH', `/api/projects/${project}`, { body: change }),
  remove: (project: number) => call<void>('DELETE', `/api/projects/${project}`),
};

/** Saves the file as the browser saves any download. It comes through `fetch` because a link cannot carry a token. */
export async function download(project: number, choice: ExportChoice): Promise<void> {
  const response = await fetch(addressOf(project, 'export', choice), { headers: authorization() });
  if (!response.ok) throw problemOf(response.status, await response.text());
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = nameIn(response.headers.get('content-disposition')) ?? `project-${project}`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function nameIn(disposition: string | null): string | undefined {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition ?? '')?.[1];
  return encoded === undefined ? /filename="([^"]+)"/i.exec(disposition ?? '')?.[1] : decodeURIComponent(encoded);
}
