/** Jobs that a killed server was about to cancel: the next one starts none of them again. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { TRAIN } from '../../src/app/learning/retrain.ts';
import { CALL_TRAINER } from '../../src/app/studio/trainer.ts';
import { systemClock } from '../../src/core/clock.ts';
import { openStore } from '../../src/store/open-store.ts';
import { type ServerProcess, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { answerNext, createTextProject, importTexts, settle } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';

const LEASE_MS = 60_000;

it('neither trains nor calls the trainer', { timeout: 120_000 }, async () => {
  const texts = makeTexts(40);
  const { folder, remove } = temporaryFolder();
  let server: ServerProcess = await startServerProcess(folder);
  let calls = 0;
  const trainer = createServer((_, reply) => {
    calls += 1;
    reply.end();
  }).listen(0, '127.0.0.1');
  onTestFinished(async () => {
    await server.stop();
    trainer.close();
    remove();
  });
  const project_id = await createTextProject(server.client, { retrain_every: 0, retrain_on_drift: false });
  const params = { project_id };
  await importTexts(server.client, project_id, texts);
  // A better embedder that comes after the first answers trains, as it should.
  await settle(server.client, project_id);
  for (let i = 0; i < 20; i++) await answerNext(server.client, project_id, texts);
  const url = `http://127.0.0.1:${(trainer.address() as AddressInfo).port}/train`;
  await server.client.call('trainerSet', { params, body: { url, every: 1_000 } });
  await settle(server.client, project_id);
  await server.kill();

  const { store, close } = await openStore({ folder, clock: systemClock });
  const cancelled: number[] = [];
  for (const kind of [TRAIN, CALL_TRAINER]) {
    const { id } = await store.jobs.enqueue({ kind, projectId: project_id, params: { count: 20 } });
    await store.jobs.lease({ kinds: [kind], owner: 'killed', leaseMs: LEASE_MS });
    expect(await store.jobs.requestCancel(id)).toMatchObject({ state: 'running', cancelRequested: true });
    cancelled.push(id);
  }
  await close();

  server = await startServerProcess(folder);
  const jobs = await settle(server.client, project_id);
  expect(jobs.filter(({ id }) => cancelled.includes(id)).map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  expect(await server.client.call('modelVersions', { params })).toEqual([]);
  expect(calls).toBe(0);
});
