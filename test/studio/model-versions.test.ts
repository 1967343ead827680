/** What the calls by model version may take away: what came from elsewhere, and nothing that was shown here. */
import { expect, it } from 'vitest';
import { answerNext, createTextProject, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { makeTexts } from '../helpers/texts.ts';

const texts = makeTexts(60);
const server = servedFolder();

it('keeps suggestions made here when their version is deleted, also beside one of the same name from elsewhere', async () => {
  const { client } = server;
  const project_id = await createTextProject(client, { blind_share: 0, retrain_every: 0 });
  const params = { project_id };
  await importTexts(client, project_id, texts);
  await settle(client, project_id);
  const aided = [];
  while (aided.length < 3) {
    const { annotation } = (await answerNext(client, project_id, texts))!;
    if (annotation.parent_prediction !== null) aided.push(annotation);
  }
  const shown = await client.call('predictionGet', { params: { prediction_id: aided[0]!.parent_prediction! } });
  const { task, result } = shown;
  const model_version = shown.model_version!;
  const remove = () => client.call('predictionVersionDelete', { params, body: { model_version } });
  const refused = { code: 'CONFLICT', message: expect.stringContaining('roll the model version back') };

  await expect(remove()).rejects.toMatchObject(refused);
  await client.call('predictionCreate', { body: { task, result, model_version } });
  expect(await remove()).toBe(1);
  await expect(remove()).rejects.toMatchObject(refused);
  for (const { id, parent_prediction } of aided) {
    expect(await client.call('annotationGet', { params: { annotation_id: id } })).toMatchObject({ parent_prediction });
    await client.call('predictionGet', { params: { prediction_id: parent_prediction! } });
  }
});
