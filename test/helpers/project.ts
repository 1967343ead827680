/** Steps that end-to-end tests share: make a project, label, wait for the jobs. */
import type { Client } from '../../src/cli/client.ts';
import { bytesOf, type LabeledText, TEXT_CONFIG } from './texts.ts';

export async function createTextProject(client: Client, settings: Record<string, unknown> = {}): Promise<number> {
  const project = await client.call('projectCreate', {
    body: { title: 'Texts', label_config: TEXT_CONFIG, settings: { embedder: 'lexical', ...settings } },
  });
  return project.id;
}

export function importTexts(client: Client, projectId: number, texts: readonly LabeledText[], firstId = 1) {
  const lines = texts.map(({ text }, i) => JSON.stringify({ id: firstId + i, data: { text } }));
  return client.upload(
    'projectImport',
    { params: { project_id: projectId }, query: { name: 'texts.jsonl' } },
    bytesOf(lines.join('\n')),
  );
}

/** Waits until the project has no job left, and returns all its jobs. */
export async function settle(client: Client, projectId: number) {
  for (;;) {
    const jobs = await client.call('jobList', { query: { project: projectId, limit: 200 } });
    if (jobs.every((job) => job.state !== 'queued' && job.state !== 'running')) return jobs;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export function answerOf(label: string) {
  return { from_name: 'label', to_name: 'text', type: 'choices', value: { choices: [label] } };
}

/** The label of the text a task came from: imports keep the number of the text as source id. */
export function goldOf(texts: readonly LabeledText[], task: { meta: Readonly<Record<string, unknown>> }): string {
  return texts[Number(task.meta.sourceId) - 1]!.label;
}

/** Leases and answers the next task; undefined when nothing is left. */
export async function answerNext(client: Client, projectId: number, texts: readonly LabeledText[]) {
  const item = await client.call('queueNext', { params: { project_id: projectId }, query: { empty: '204' } });
  if (item === null) return undefined;
  const annotation = await client.call('annotationCreate', {
    params: { task_id: item.id },
    body: { result: [answerOf(goldOf(texts, item))] },
  });
  return { item, annotation };
}
