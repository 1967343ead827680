/** Before the first label the names of the labels speak: shown as a guess, counted nowhere, gone once there is a model. */
import { describe, expect, it } from 'vitest';
import { answerOf, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';

const SPORT = 'Sports';
const FOOD = 'Cooking';
const CONFIG = `<View><Text name="text" value="$text"/><Choices name="label" toName="text">
  <Choice value="${SPORT}" hint="football, tennis, a match"/><Choice value="${FOOD}" hint="recipes and food"/>
</Choices></View>`;
const TEXTS = {
  [SPORT]: [
    'The team won the football match in the last minute',
    'She plays tennis at the championship this weekend',
    'The goalkeeper saved a penalty in the final',
    'Our coach trains the players for the season',
    'The runner broke the world record in the marathon',
    'Basketball fans cheered when he scored',
  ],
  [FOOD]: [
    'Chop the onions and fry them in butter',
    'This soup recipe needs garlic and fresh tomatoes',
    'Bake the bread in the oven for forty minutes',
    'Season the chicken with salt, pepper and lemon',
    'A dessert of chocolate, cream and strawberries',
    'Boil the pasta and stir in the cheese sauce',
  ],
};
const labeled = Object.entries(TEXTS).flatMap(([label, texts]) => texts.map((text) => ({ text, label })));
const goldOf = (text: unknown): string => labeled.find((one) => one.text === text)!.label;

const server = servedFolder();
async function project(settings: Record<string, unknown>, config = CONFIG): Promise<number> {
  const body = {
    title: 'Names',
    label_config: config,
    settings: { embedder: 'use-lite', blind_share: 0, ...settings },
  };
  const { id } = await server.client.call('projectCreate', { body });
  await importTexts(server.client, id, labeled);
  await settle(server.client, id);
  return id;
}

const next = (project_id: number) => server.client.call('queueNext', { params: { project_id } });

describe('a guess', () => {
  it('is shown while there is no model, never stored, never counted, and gone after two labels', async () => {
    const params = { project_id: await project({}) };
    const first = await next(params.project_id);
    expect(first).toMatchObject({ predictions: [], blind: false, guess: goldOf(first!.data.text) });
    // The same card after a reload.
    expect(await next(params.project_id)).toMatchObject({ id: first!.id, guess: first!.guess });
    expect(await server.client.call('taskVotes', { params: { task_id: first!.id } })).toEqual([]);
    const seen = new Set<string>();
    let right = 0;
    let given = 0;
    while (seen.size < 2) {
      const item = (await next(params.project_id))!;
      const gold = goldOf(item.data.text);
      if (item.guess !== null) given += 1;
      if (item.guess === gold) right += 1;
      seen.add(gold);
      const body = { result: [answerOf(gold)] };
      const annotation = await server.client.call('annotationCreate', { params: { task_id: item.id }, body });
      expect(annotation).toMatchObject({ parent_prediction: null });
    }
    expect(right).toBe(given);
    const taught = await next(params.project_id);
    expect(taught).toMatchObject({ guess: null });
    expect(taught!.predictions).toHaveLength(1);
    const insights = await server.client.call('insights', { params });
    expect(insights).toMatchObject({ acceptance: null, blind_accuracy: null });
  });

  it('stays away from blind items, from several labels, and from embedders that know no words', async () => {
    const mixed = await project({ blind_share: 0.5 });
    let item = await next(mixed);
    // Answers of one kind make no model, so that only the blindness of an item can silence the guess.
    while (!item!.blind) {
      const body = { result: [answerOf(SPORT)] };
      await server.client.call('annotationCreate', { params: { task_id: item!.id }, body });
      item = await next(mixed);
    }
    expect(item).toMatchObject({ predictions: [], guess: null });
    const several = CONFIG.replace('toName="text">', 'toName="text" choice="multiple">');
    expect(await next(await project({}, several))).toMatchObject({ guess: null });
    expect(await next(await project({ embedder: 'lexical' }))).toMatchObject({ guess: null });
  });
});
