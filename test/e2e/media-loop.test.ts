/** Pictures and sounds through the whole loop: upload, embed, order, answer, suggestion, look-alikes, retrain, pre-label. */
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AUDIO_CONFIG, type MediaServer, startMediaServer } from '../helpers/media-project.ts';
import { tone, wav } from '../helpers/sounds.ts';

const IMAGE_CHOICES =
  '<View><Image name="image" value="$image"/><Choices name="kind" toName="image"><Choice value="a"/><Choice value="b"/></Choices></View>';

/** Bars that stand or lie, never quite the same twice. */
async function picture(kind: string, seed: number): Promise<Uint8Array> {
  const bars = Array.from({ length: 4 }, (_, i) => {
    const place = 6 + 22 * i + ((seed * 7) % 9);
    const [x, y, width, height] = kind === 'a' ? [place, 4, 9, 88] : [4, place, 88, 9];
    return `<rect x="${x}" y="${y}" width="${width}" height="${height}" fill="rgb(${40 + seed * 3},60,90)"/>`;
  });
  return sharp(
    Buffer.from(`<svg width="96" height="96"><rect width="96" height="96" fill="#eee"/>${bars.join('')}</svg>`),
  )
    .png()
    .toBuffer();
}

function sound(kind: string, seed: number): Uint8Array {
  const [low, high] = [250 + 10 * seed, 1_900 + 20 * seed];
  const parts = [tone(low, 0.2), tone(high, 0.2)];
  const all = (kind === 'a' ? parts : parts.reverse()).flatMap((part) => [...part]);
  return wav([all]);
}

interface Item {
  readonly id: number;
  readonly data: Record<string, string>;
  readonly meta: { readonly file: string };
  readonly blind: boolean;
  readonly predictions: {
    readonly score: number;
    readonly result: { readonly value: { readonly choices: string[] } }[];
  }[];
}

let server: MediaServer;
beforeAll(async () => {
  server = await startMediaServer();
});
afterAll(() => server.remove());

async function settled(
  projectId: number,
): Promise<{ kind: string; state: string; failed: number; id: number; output: unknown }[]> {
  for (;;) {
    const jobs = await server.json<{ kind: string; state: string; failed: number; id: number; output: unknown }[]>(
      `/api/jobs?project=${projectId}&limit=200`,
    );
    if (jobs.every(({ state }) => state !== 'queued' && state !== 'running')) return jobs;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe.each([
  ['pictures', IMAGE_CHOICES, 'image', '.png', picture, 'image-descriptor'],
  ['sounds', AUDIO_CONFIG, 'audio', '.wav', sound, 'audio-descriptor'],
] as const)('%s', (_name, config, tag, ending, make, embedder) => {
  const files: (readonly [string, Uint8Array])[] = [];
  let projectId: number;
  const label = (item: Item): string => item.meta.file[0]!;
  const answer = async (item: Item): Promise<void> => {
    const result = [{ from_name: 'kind', to_name: tag, type: 'choices', value: { choices: [label(item)] } }];
    const init = { method: 'POST', body: JSON.stringify({ result }), headers: { 'content-type': 'application/json' } };
    expect((await server.send(`/api/tasks/${item.id}/annotations`, init)).status).toBe(201);
  };
  const next = (): Promise<Item> => server.json<Item>(`/api/projects/${projectId}/next`);

  beforeAll(async () => {
    for (let i = 0; i < 20; i++) {
      for (const kind of ['a', 'b']) files.push([`${kind}${i}${ending}`, await make(kind, i)]);
    }
    // The header is whole, the rest is not.
    const whole = await make('a', 99);
    files.push([`broken${ending}`, whole.slice(0, ending === '.png' ? 60 : 45)]);
    projectId = await server.project(config);
    expect((await server.uploadForm(projectId, files)).status).toBe(201);
  });

  it('get rows without any model; what cannot be read is named and holds up nothing', async () => {
    const jobs = await settled(projectId);
    const embed = jobs.filter(({ kind }) => kind === 'embed');
    expect(embed.map(({ state }) => state)).toEqual(['done']);
    expect(embed[0]).toMatchObject({ output: { embedder, embedded: 40 }, failed: 1 });
    const state = await server.json(`/api/projects/${projectId}/queue/state`);
    expect(state).toMatchObject({ embedder, ranked: 40, tasks: 41 });
  });

  it('are suggested after a few answers, and mostly rightly', async () => {
    for (let i = 0; i < 12; i++) await answer(await next());
    const shown: boolean[] = [];
    for (let i = 0; i < 10; i++) {
      const item = await next();
      const [choice] = item.predictions[0]?.result[0]?.value.choices ?? [];
      if (choice) shown.push(choice === label(item));
      await answer(item);
    }
    expect(shown.length).toBeGreaterThan(4);
    expect(shown.filter((right) => right).length / shown.length).toBeGreaterThanOrEqual(0.8);
  });

  it('have look-alikes of their own kind', async () => {
    const tasks = await server.json<Item[]>(`/api/projects/${projectId}/tasks?page_size=100`);
    const one = tasks.find((task) => label(task) === 'a')!;
    const near = await server.json<{ task: Item }[]>(`/api/tasks/${one.id}/similar?limit=5`);
    expect(near.map(({ task }) => label(task))).toEqual(['a', 'a', 'a', 'a', 'a']);
  });

  it('are pre-labeled by the version that training made', async () => {
    await settled(projectId);
    const predictions = await server.json<{ task: number; result: { value: { choices: string[] } }[] }[]>(
      `/api/predictions?project=${projectId}&page_size=100`,
    );
    expect(predictions).toHaveLength(40);
    const tasks = await server.json<Item[]>(`/api/projects/${projectId}/tasks?page_size=100`);
    const right = predictions.filter(({ task, result }) => {
      return result[0]!.value.choices[0] === label(tasks.find(({ id }) => id === task)!);
    });
    expect(right.length).toBeGreaterThanOrEqual(36);
  });
});
