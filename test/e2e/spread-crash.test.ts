/** SIGKILL while labels spread, are promoted, undone or given in bulk: what is seen afterwards is all of an act or nothing of it. */
import { describe, expect, it } from 'vitest';
import { answerOf, createTextProject, goldOf, importTexts, settle } from '../helpers/project.ts';
import { servedFolder } from '../helpers/served.ts';
import { makeTexts } from '../helpers/texts.ts';

const server = servedFolder();

const texts = makeTexts(240);
/** Milliseconds between an act and the kill: before, while and after it writes. */
const KILLS = [30, 400, 1_200];

describe('a server killed in the middle', () => {
  it('shows whole runs only, and ends what it had begun', { timeout: 240_000 }, async () => {
    const projectId = await createTextProject(server.client, { blind_share: 0.5 });
    const params = { project_id: projectId };
    await importTexts(server.client, projectId, texts);
    await settle(server.client, projectId);
    const query = { page_size: 1_000 };
    const tasks = await server.client.call('projectTasks', { params, query });
    for (const task of tasks.slice(0, 130)) {
      const body = { result: [answerOf(goldOf(texts, task))] };
      await server.client.call('annotationCreate', { params: { task_id: task.id }, body });
    }
    await settle(server.client, projectId);
    const rest = tasks.slice(130);
    const voted = async (): Promise<number> => {
      const votes = rest.map((task) => server.client.call('taskVotes', { params: { task_id: task.id } }));
      return (await Promise.all(votes)).filter((own) => own.some((vote) => vote.kind === 'neighbour')).length;
    };

    let whole = 0;
    for (const ms of KILLS) {
      await server.client.call('spreadApply', { params, body: {} });
      await new Promise((resolve) => setTimeout(resolve, ms));
      await server.again();
      const seen = await voted();
      await settle(server.client, projectId);
      whole = await voted();
      expect([0, whole]).toContain(seen);
      expect(whole).toBeGreaterThan(50);
      const runs = await server.client.call('runList', { params });
      const spread = runs.filter((run) => run.kind === 'propagation');
      expect(spread.every((run) => run.state === 'done' || run.revoked_at !== null)).toBe(true);
    }

    const answers = async () => (await server.client.call('projectGet', { params })).total_annotations_number!;
    const figures = async () => {
      const job = await server.client.call('spreadPreview', { params, body: {} });
      await settle(server.client, projectId);
      expect((await server.client.call('jobGet', { params: { job_id: job.id } })).state).toBe('done');
      const { verified } = (await server.client.call('spreadPlan', { params }))!;
      const { blind_accuracy, acceptance, curve } = await server.client.call('insights', { params });
      return { verified, blind_accuracy, acceptance, curve };
    };
    const byPeople = await answers();
    const proof = await figures();
    const standing = (await server.client.call('runList', { params })).find(
      (run) => run.kind === 'propagation' && run.revoked_at === null,
    )!;
    for (const ms of [0, 25, 120]) {
      await server.client.call('promote', { params, body: { name: 'look-alikes', run: standing.id } });
      await new Promise((resolve) => setTimeout(resolve, ms));
      await server.again();
      expect([byPeople, byPeople + whole]).toContain(await answers());
    }
    await settle(server.client, projectId);
    expect(await answers()).toBe(byPeople + whole);
    expect(await figures()).toEqual(proof);
    for (const run of (await server.client.call('runList', { params })).filter((one) => one.kind === 'promote')) {
      expect(run.state === 'done' || run.revoked_at !== null).toBe(true);
      if (run.revoked_at === null) await server.client.call('runUndo', { params: { run_id: run.id } });
    }
    expect(await answers()).toBe(byPeople);

    for (const run of (await server.client.call('runList', { params })).filter((one) => one.kind === 'propagation')) {
      if (run.revoked_at !== null) continue;
      const undo = server.client.call('runUndo', { params: { run_id: run.id } }).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await server.again();
      await undo;
      expect([0, whole]).toContain(await voted());
      await server.client.call('runUndo', { params: { run_id: run.id } });
    }
    expect(await voted()).toBe(0);

    const items = rest.map((task) => ({ task: task.id, labels: ['spam'] }));
    const before = await answers();
    await server.client.call('bulkLabel', { params, body: { items } });
    await new Promise((resolve) => setTimeout(resolve, 40));
    await server.again();
    expect([before, before + items.length]).toContain(await answers());
    await settle(server.client, projectId);
    expect(await answers()).toBe(before + items.length);
  });
});
