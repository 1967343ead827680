import { expect, it } from 'vitest';
import { inWorld, type OpenEmpty, type World } from '../world.ts';

export function ruleContract(open: OpenEmpty): void {
  it('numbers the versions of a document inside its project; saving the newest again makes no new one', () =>
    inWorld(open, async (world) => {
      const { rules } = world.store;
      const first = await rules.add(document(world, 'a'));
      const second = await rules.add(document(world, 'b'));
      expect([first.number, second.number]).toEqual([1, 2]);
      expect(await rules.add(document(world, 'b'))).toEqual(second);
      expect((await rules.add(document(world, 'a'))).number).toBe(3);
      expect(await rules.get(world.project.id, 1)).toEqual(first);
      expect(await rules.get(world.project.id, 9)).toBeUndefined();
      expect(await rules.get(world.project.id + 1, 1)).toBeUndefined();
      expect((await rules.newest(world.project.id))?.text).toBe('a');
      const { text: _text, lists: _lists, ...head } = first;
      expect((await rules.list(world.project.id))[0]).toEqual(head);
    }));

  it('keeps votes of several labelers on one task and label apart', () =>
    inWorld(open, async (world) => {
      const { store, project, run } = world;
      const [task] = await world.tasks(1);
      const [label] = await store.labels.sync(project.id, 'class', ['spam']);
      const [a, b] = [await store.labelers.ensure('rule', 'a', '1'), await store.labelers.ensure('rule', 'b', '1')];
      const { id } = await run('rules');
      const votes = [a, b].map((one) => ({ taskId: task!.id, labelId: label!.id, labelerId: one.id, score: 1 }));
      expect(await store.votes.write(id, votes)).toBe(2);
      expect(await store.votes.write(id, votes)).toBe(0);
      expect(await store.votes.ofTasks([task!.id])).toEqual(votes.map((vote) => ({ runId: id, ...vote })));
      expect((await store.votes.ofRun(id, { after: 0, limit: 1 })).map((vote) => vote.labelerId)).toEqual([a.id, b.id]);
    }));

  it('remembers the first fault of a rule version until it gets another chance', () =>
    inWorld(open, async ({ store, project }) => {
      const { id } = await store.labelers.ensure('rule', 'slow', '1');
      const error = { code: 'RULE_FAULT' as const, message: 'took too long', details: { task: 3 } };
      await store.rules.addFault(project.id, id, error);
      await store.rules.addFault(project.id, id, { ...error, message: 'again' });
      expect(await store.rules.faults(project.id)).toEqual([{ labelerId: id, error }]);
      await store.rules.clearFaults(project.id, [id]);
      expect(await store.rules.faults(project.id)).toEqual([]);
    }));
}

function document({ project }: World, text: string) {
  return {
    projectId: project.id,
    version: text.repeat(12),
    text,
    lists: { cities: ['Oslo', 'Turin'] },
    ruleCount: 1,
    patterns: [{ rule: 'r', verdict: { safety: 'linear' } }],
  };
}
