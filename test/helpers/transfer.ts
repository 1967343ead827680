/** Files into a real server and out of it, for end-to-end tests of formats. */
import type { Client } from '../../src/cli/client.ts';
import type { Region } from '../../src/core/domain.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { Query, Reply } from '../../src/server/contract/index.ts';

/** A task as Label Studio's JSON has it; a new one needs only its data. */
export interface WireTask {
  readonly id?: number;
  readonly data: JsonObject;
  readonly meta?: JsonObject;
  readonly annotations?: readonly WireAnswer[];
  readonly predictions?: readonly WireAnswer[];
}

export interface WireAnswer {
  readonly result: readonly Region[];
  readonly [field: string]: unknown;
}

export async function newProject(client: Client, config: string): Promise<number> {
  const body = { title: 'Formats', label_config: config, settings: { embedder: 'lexical' } };
  return (await client.call('projectCreate', { body })).id;
}

export function upload(
  client: Client,
  projectId: number,
  file: string | Uint8Array | readonly WireTask[],
  query: Query<'projectImport'> = {},
): Promise<Reply<'projectImport'>> {
  const content = typeof file === 'string' || file instanceof Uint8Array ? file : JSON.stringify(file);
  const body = (async function* () {
    yield Buffer.from(content);
  })();
  return client.upload('projectImport', { params: { project_id: projectId }, query }, body);
}

export async function download(
  client: Client,
  projectId: number,
  exportType: string,
  query: Query<'projectExport'> = {},
): Promise<Buffer> {
  const options = { params: { project_id: projectId }, query: { exportType, ...query } };
  const chunks: Uint8Array[] = [];
  for await (const chunk of await client.download('projectExport', options)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function exported(
  client: Client,
  projectId: number,
  query: Query<'projectExport'> = {},
): Promise<WireTask[]> {
  const text = await download(client, projectId, 'json', { download_all_tasks: true, ...query });
  return JSON.parse(text.toString()) as WireTask[];
}

/** What an export holds beyond the ids and times of one installation. */
export function contents(tasks: readonly WireTask[]): unknown[] {
  const answers = (list: readonly WireAnswer[] = []) =>
    list.map(({ result, was_cancelled, ground_truth, lead_time, score, labeler, note }) => ({
      result,
      was_cancelled,
      ground_truth,
      lead_time,
      score,
      labeler,
      note,
    }));
  return tasks.map(({ data, annotations, predictions }) => ({
    data,
    annotations: answers(annotations),
    predictions: answers(predictions),
  }));
}
