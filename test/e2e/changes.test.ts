/** Projects change while people label: labels, tasks, people, leases. Through a real server. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Client, createClient } from '../../src/cli/client.ts';
import { answerNext, answerOf, createTextProject, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { makeTexts, TEXT_CONFIG } from '../helpers/texts.ts';

const texts = makeTexts(40);
const server = servedFolder();
let client: Client;
let projectId: number;

beforeAll(async () => {
  client = server.client;
});

async function freshProject(settings: Record<string, unknown> = {}): Promise<void> {
  projectId = await createTextProject(client, { blind_share: 0, ...settings });
  await importTexts(client, projectId, texts);
  await settle(client, projectId);
}

const params = () => ({ project_id: projectId });
const next = (by: Client) => by.call('queueNext', { params: params(), query: { empty: '204' } });

async function annotator(name: string): Promise<Client> {
  const body = { name, role: 'annotator' as const, project: projectId };
  return createClient(server.url, (await client.call('tokenCreate', { body })).secret);
}

describe('labels', () => {
  beforeEach(() => freshProject({ retrain_every: 1_000 }));

  it('added: the queue goes on and the new label can be given', async () => {
    for (let i = 0; i < 12; i++) await answerNext(client, projectId, texts);
    const config = TEXT_CONFIG.replace('</Choices>', '<Choice value="unsure"/></Choices>');
    await client.call('projectUpdate', { params: params(), body: { label_config: config } });
    const item = (await next(client))!;
    expect(Object.keys(item.reason!.probabilities!)).toEqual(['spam', 'ham', 'unsure']);
    const body = { result: [answerOf('unsure')] };
    await client.call('annotationCreate', { params: { task_id: item.id }, body });
  });

  it('merged: answers are rewritten and the head learns from them', async () => {
    for (let i = 0; i < 12; i++) await answerNext(client, projectId, texts);
    const three = TEXT_CONFIG.replace('</Choices>', '<Choice value="junk"/></Choices>');
    await client.call('projectUpdate', { params: params(), body: { label_config: three } });
    const merged = three.replace('<Choice value="spam"/>', '');
    const body = { label_config: merged, label_migration: { rename: { spam: 'junk' } } };
    await client.call('projectUpdate', { params: params(), body });
    const answers = await client.call('projectAnnotations', { params: params(), query: { page_size: 100 } });
    expect(JSON.stringify(answers)).not.toContain('"spam"');
    expect(JSON.stringify(answers)).toContain('"junk"');
    expect(Object.keys((await next(client))!.reason!.probabilities!).sort()).toEqual(['ham', 'junk']);
  });

  it('removed: kept or dropped, by choice', async () => {
    for (let i = 0; i < 12; i++) await answerNext(client, projectId, texts);
    const without = TEXT_CONFIG.replace('<Choice value="spam"/>', '<Choice value="other"/>');
    const change = (removed: 'keep' | 'drop') =>
      client.call('projectUpdate', { params: params(), body: { label_config: without, label_migration: { removed } } });
    await change('keep');
    const kept = await client.call('projectAnnotations', { params: params(), query: { page_size: 100 } });
    expect(JSON.stringify(kept)).toContain('"spam"');
  });
});

describe('tasks', () => {
  beforeEach(() => freshProject());

  it('edited: embedded again, and the old suggestion is gone', async () => {
    const [task] = await client.call('projectTasks', { params: params(), query: { page_size: 1 } });
    const edited = await client.call('taskUpdate', {
      params: { task_id: task!.id },
      body: { data: { text: 'completely new words about zebras' } },
    });
    expect(edited.data).toEqual({ text: 'completely new words about zebras' });
    await settle(client, projectId);
    expect((await client.call('queueState', { params: params() })).ranked).toBe(40);
    const bad = client.call('taskUpdate', { params: { task_id: task!.id }, body: { data: { body: 'x' } } });
    await expect(bad).rejects.toMatchObject({ code: 'INPUT_MISSING_FIELD' });
  });

  it('deleted: never handed out again', async () => {
    const tasks = await client.call('projectTasks', { params: params(), query: { page_size: 100 } });
    for (const task of tasks.slice(0, 38)) await client.call('taskDelete', { params: { task_id: task.id } });
    const given = new Set<number>();
    for (
      let step = await answerNext(client, projectId, texts);
      step;
      step = await answerNext(client, projectId, texts)
    ) {
      given.add(step.item.id);
    }
    expect([...given].sort()).toEqual(
      tasks
        .slice(38)
        .map((task) => task.id)
        .sort(),
    );
  });

  it('archived and deleted projects', async () => {
    const archived = await client.call('projectUpdate', { params: params(), body: { is_archived: true } });
    expect(archived.is_archived).toBe(true);
    await client.call('projectDelete', { params: params() });
    await expect(client.call('projectGet', { params: params() })).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});

describe('people', () => {
  it('two annotators never get the same task, and asking again gives the same one', async () => {
    await freshProject();
    const [anna, ben] = [await annotator('Anna'), await annotator('Ben')];
    const items = await Promise.all([next(anna), next(ben), next(client)]);
    expect(new Set(items.map((item) => item!.id)).size).toBe(3);
    expect((await next(anna))!.id).toBe(items[0]!.id);
  });

  it('overlap asks two people for the same task, and no third', async () => {
    await freshProject({ overlap: 2 });
    const people = [await annotator('Cleo'), await annotator('Dan'), await annotator('Eve')];
    const [first, second, third] = people as [Client, Client, Client];
    const item = (await next(first))!;
    await first.call('annotationCreate', { params: { task_id: item.id }, body: { result: [answerOf('spam')] } });
    expect((await next(second))!.id).toBe(item.id);
    expect((await next(third))!.id).not.toBe(item.id);
  });

  it('skipped and postponed tasks come to others, or later', async () => {
    await freshProject();
    const [anna, ben] = [await annotator('Flo'), await annotator('Gus')];
    const skipped = (await next(anna))!;
    await anna.call('annotationCreate', { params: { task_id: skipped.id }, body: { result: [], was_cancelled: true } });
    const postponed = (await next(anna))!;
    await anna.call('taskRelease', { params: { task_id: postponed.id }, body: { postpone: true } });
    const seen: number[] = [];
    for (let item = await next(anna); item; item = await next(anna)) {
      seen.push(item.id);
      await anna.call('annotationCreate', { params: { task_id: item.id }, body: { result: [answerOf('ham')] } });
    }
    expect(seen).toHaveLength(39);
    expect(seen.at(-1)).toBe(postponed.id);
    expect((await next(ben))!.id).toBe(skipped.id);
  });

  it('an answer is stored once however often it is sent, and can be taken back', async () => {
    await freshProject();
    const item = (await next(client))!;
    const body = { result: [answerOf('spam')], unique_id: 'once' };
    const answers = [];
    for (let i = 0; i < 3; i++)
      answers.push(await client.call('annotationCreate', { params: { task_id: item.id }, body }));
    expect(new Set(answers.map((answer) => answer.id)).size).toBe(1);
    await client.call('annotationDelete', { params: { annotation_id: answers[0]!.id }, query: { lease: true } });
    expect((await next(client))!.id).toBe(item.id);
    expect((await client.call('projectGet', { params: params() })).total_annotations_number).toBe(0);
  });
});

describe('events', () => {
  it('tell of jobs, and replay what a listener has missed', async () => {
    await freshProject();
    const events = await eventsOf(0, (seen) =>
      ['import', 'embed'].every((kind) => seen.some((one) => one.kind === kind)),
    );
    const last = Math.max(...events.map((event) => event.revision));
    const missed = await eventsOf(last - 1, (seen) => seen.length > 0);
    expect(missed[0]!.revision).toBe(last);
  });
});

/** What the event stream replays after a revision, read until it is enough: the stream never ends by itself. */
async function eventsOf(
  after: number,
  enough: (seen: readonly StreamEvent[]) => boolean,
): Promise<readonly StreamEvent[]> {
  const headers = { accept: 'text/event-stream', 'last-event-id': String(after) };
  const response = await fetch(`${server.url}/api/events?project=${projectId}`, { headers });
  let text = '';
  for await (const chunk of response.body!) {
    text += Buffer.from(chunk).toString();
    const seen = [...text.matchAll(/^data: (.*)\n\n/gm)].map((match) => JSON.parse(match[1]!) as StreamEvent);
    if (enough(seen)) return seen;
  }
  throw new Error(`the stream ended after: ${text}`);
}

interface StreamEvent {
  readonly kind: string;
  readonly revision: number;
}
