/** Simulated annotators over real HTTP: each reads for about a second, answers, and asks for the next item. */
import type { Client } from '../../src/cli/client.ts';
import { createClient } from '../../src/cli/client.ts';
import { type Random, seededRandom } from '../../src/core/random.ts';
import { answerOf } from '../../test/helpers/project.ts';

export interface LoadResult {
  readonly nextMs: number[];
  readonly submitMs: number[];
  /** Tasks that two annotators held at the same time. */
  readonly doubleLeases: number;
  /** Answers the server acknowledged. */
  readonly acknowledged: readonly number[];
}

/** Milliseconds a person looks at an item; people differ, and nobody is faster than this. */
const READING_MS = { least: 500, most: 1_500 };

export async function runAnnotators(
  owner: Client,
  url: string,
  projectId: number,
  { count, seconds, seed }: { count: number; seconds: number; seed: number },
): Promise<LoadResult> {
  const held = new Map<number, number>();
  const result = { nextMs: [] as number[], submitMs: [] as number[], doubleLeases: 0, acknowledged: [] as number[] };
  const until = performance.now() + 1_000 * seconds;
  const clients = await Promise.all(
    Array.from({ length: count }, async (_, i) => {
      const body = { name: `annotator ${seed}-${i}`, role: 'annotator' as const, project: projectId };
      return createClient(url, (await owner.call('tokenCreate', { body })).secret);
    }),
  );
  await Promise.all(
    clients.map(async (client, who) => {
      const random = seededRandom('annotator', seed, who);
      await pause(random.next() * READING_MS.most);
      while (performance.now() < until) await work(client, projectId, who, random, held, result);
    }),
  );
  return result;
}

async function work(
  client: Client,
  projectId: number,
  who: number,
  random: Random,
  held: Map<number, number>,
  result: { nextMs: number[]; submitMs: number[]; doubleLeases: number; acknowledged: number[] },
): Promise<void> {
  const asked = performance.now();
  const item = await client.call('queueNext', { params: { project_id: projectId }, query: { empty: '204' } });
  result.nextMs.push(performance.now() - asked);
  if (item === null) return pause(READING_MS.most);
  const other = held.get(item.id);
  if (other !== undefined && other !== who) result.doubleLeases += 1;
  held.set(item.id, who);
  await pause(READING_MS.least + random.next() * (READING_MS.most - READING_MS.least));
  const sent = performance.now();
  const answer = await client.call('annotationCreate', {
    params: { task_id: item.id },
    body: { result: [answerOf(random.next() < 0.5 ? 'spam' : 'ham')], visible_ms: 900, via: 'key' },
  });
  result.submitMs.push(performance.now() - sent);
  result.acknowledged.push(answer.id);
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
