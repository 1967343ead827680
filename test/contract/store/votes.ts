import { expect, it } from 'vitest';
import { code, ids, inWorld, type OpenEmpty, type World } from '../world.ts';

export function voteContract(open: OpenEmpty): void {
  it('writes every vote once, however often a chunk is repeated', () =>
    inWorld(open, async (world) => {
      const { store, run } = world;
      const { taskIds, labelIds } = await setUp(world, 1_500);
      const { id } = await run('prelabel');
      const votes = taskIds.map((taskId, i) => ({ taskId, labelId: labelIds[i % 2]!, score: i / 1_500 }));
      expect(await store.votes.write(id, votes.slice(0, 1_000))).toBe(1_000);
      expect(await store.votes.write(id, votes)).toBe(500);
      expect(await store.votes.write(id, votes)).toBe(0);
      expect((await store.runs.get(id))!.written).toBe(1_500);
      expect(await store.votes.ofTasks([...taskIds].reverse())).toEqual(votes.map((vote) => ({ runId: id, ...vote })));
    }));

  it('pages the votes of a run without splitting a task', () =>
    inWorld(open, async (world) => {
      const { store, run } = world;
      const { taskIds, labelIds } = await setUp(world, 3);
      const { id } = await run('rules');
      const votes = taskIds.flatMap((taskId) => labelIds.map((labelId) => ({ taskId, labelId, score: 1 })));
      await store.votes.write(id, votes);
      const first = await store.votes.ofRun(id, { after: 0, limit: 3 });
      expect(first.map((vote) => vote.taskId)).toEqual([taskIds[0], taskIds[0], taskIds[1], taskIds[1]]);
      const rest = await store.votes.ofRun(id, { after: taskIds[1]!, limit: 3 });
      expect(rest.map((vote) => vote.taskId)).toEqual([taskIds[2], taskIds[2]]);
      expect(await store.votes.ofRun(id, { after: taskIds[2]!, limit: 3 })).toEqual([]);
    }));

  it('drops votes on tasks that have been deleted meanwhile and keeps the rest of the chunk', () =>
    inWorld(open, async (world) => {
      const { store, project, run } = world;
      const { taskIds, labelIds } = await setUp(world, 3);
      const { id } = await run('prelabel');
      await store.tasks.delete(project.id, [taskIds[1]!]);
      const votes = taskIds.map((taskId) => ({ taskId, labelId: labelIds[0]!, score: 1 }));
      expect(await store.votes.write(id, votes)).toBe(2);
      expect(await store.integrityProblems()).toEqual([]);
    }));

  it('drops votes on tasks that were given other data since they were looked at', () =>
    inWorld(open, async (world) => {
      const { store, run } = world;
      const { taskIds, labelIds } = await setUp(world, 2);
      const seen = await Promise.all(taskIds.map((id) => store.tasks.get(id)));
      const { id } = await run('prelabel');
      await store.tasks.edit(taskIds[0]!, { data: { text: 'something else' } });
      const votes = seen.map((task) => {
        return { taskId: task!.id, ordinal: task!.ordinal, labelId: labelIds[0]!, score: 1 };
      });
      expect(await store.votes.write(id, votes)).toBe(1);
      expect((await store.votes.ofTasks(taskIds)).map((vote) => vote.taskId)).toEqual([taskIds[1]]);
      const again = votes.map(({ ordinal: _, ...vote }) => vote);
      expect(await store.votes.write(id, again)).toBe(1);
    }));

  it('refuses votes of a run that has ended and votes for a label of another project', () =>
    inWorld(open, async (world) => {
      const { store, project, run } = world;
      const { taskIds, labelIds } = await setUp(world, 1);
      const other = await store.projects.create({ ...project, title: 'other' });
      const [foreign] = await store.labels.sync(other.id, 'class', ['spam']);
      const { id } = await run('prelabel');
      const vote = { taskId: taskIds[0]!, labelId: labelIds[0]!, score: 1 };
      await expect(store.votes.write(id, [vote, { ...vote, labelId: foreign!.id }])).rejects.toMatchObject(
        code('NOT_FOUND'),
      );
      expect(await store.votes.ofTasks(taskIds)).toEqual([]);
      await store.runs.finish(id, 'done', 0);
      await expect(store.votes.write(id, [vote])).rejects.toMatchObject(code('CONFLICT'));
    }));

  it('prunes the votes of one run and keeps its record', () =>
    inWorld(open, async (world) => {
      const { store, run } = world;
      const { taskIds, labelIds } = await setUp(world, 2_500);
      const [old, young] = [await run('prelabel'), await run('prelabel')];
      const votes = taskIds.map((taskId) => ({ taskId, labelId: labelIds[0]!, score: 1 }));
      await store.votes.write(old.id, votes);
      await store.votes.write(young.id, votes);
      await store.runs.finish(old.id, 'done', votes.length);
      await store.votes.prune(old.id);
      const left = await store.votes.ofTasks(taskIds);
      expect(new Set(left.map((vote) => vote.runId))).toEqual(new Set([young.id]));
      expect(left).toHaveLength(votes.length);
      expect((await store.runs.get(old.id))!.written).toBe(votes.length);
    }));
}

async function setUp(
  { store, project, tasks }: World,
  count: number,
): Promise<{ taskIds: number[]; labelIds: number[] }> {
  const labels = await store.labels.sync(project.id, 'class', ['spam', 'ham']);
  return { taskIds: ids(await tasks(count)), labelIds: ids(labels) };
}
