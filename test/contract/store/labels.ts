import { expect, it } from 'vitest';
import type { Label } from '../../../src/core/domain.ts';
import { code, inWorld, type OpenEmpty } from '../world.ts';

const values = (labels: readonly Label[]): string[] => labels.map((label) => label.value);

export function labelContract(open: OpenEmpty): void {
  it('follows the values of a control and keeps the ids of those that stay or come back', () =>
    inWorld(open, async ({ store, project }) => {
      const first = await store.labels.sync(project.id, 'class', ['spam', 'ham']);
      await store.labels.sync(project.id, 'topic', ['spam']);
      const second = await store.labels.sync(project.id, 'class', ['news', 'ham']);
      expect(values(second)).toEqual(['news', 'ham']);
      expect(second[1]).toEqual(first[1]);
      const all = await store.labels.list(project.id);
      expect(all.filter((label) => label.removedAt !== null)).toEqual([{ ...first[0], removedAt: expect.any(String) }]);
      const third = await store.labels.sync(project.id, 'class', ['spam', 'ham', 'news']);
      expect(third.map((label) => label.id)).toEqual([first[0]!.id, first[1]!.id, second[0]!.id]);
      expect(await store.labels.sync(project.id, 'class', ['spam', 'ham', 'news'])).toEqual(third);
    }));

  it('renames a label without touching its votes, and refuses a name that is taken', () =>
    inWorld(open, async ({ store, project, tasks, run }) => {
      const [spam] = await store.labels.sync(project.id, 'class', ['spam', 'ham']);
      const [task] = await tasks(1);
      const { id } = await run('prelabel');
      await store.votes.write(id, [{ taskId: task!.id, labelId: spam!.id, score: 0.75 }]);
      await store.labels.rename(spam!.id, 'junk');
      expect(values(await store.labels.list(project.id))).toEqual(['junk', 'ham']);
      expect(await store.votes.ofTasks([task!.id])).toEqual([
        { runId: id, taskId: task!.id, labelId: spam!.id, score: 0.75 },
      ]);
      await expect(store.labels.rename(spam!.id, 'ham')).rejects.toMatchObject(code('CONFLICT'));
      await expect(store.labels.rename(999, 'x')).rejects.toMatchObject(code('NOT_FOUND'));
    }));

  it('merges labels, one into another and on into a third', () =>
    inWorld(open, async ({ store, project, tasks, run }) => {
      const [a, b, c] = await store.labels.sync(project.id, 'class', ['a', 'b', 'c']);
      const [task] = await tasks(1);
      const { id } = await run('prelabel');
      await store.votes.write(id, [
        { taskId: task!.id, labelId: a!.id, score: 0.9 },
        { taskId: task!.id, labelId: b!.id, score: 0.4 },
      ]);
      await store.labels.merge(a!.id, b!.id);
      expect(await store.votes.ofTasks([task!.id])).toEqual([
        { runId: id, taskId: task!.id, labelId: b!.id, score: 0.9 },
      ]);
      await store.labels.merge(b!.id, c!.id);
      expect(await store.votes.ofRun(id, { after: 0, limit: 10 })).toEqual([
        { runId: id, taskId: task!.id, labelId: c!.id, score: 0.9 },
      ]);
      const living = (await store.labels.list(project.id)).filter((label) => label.removedAt === null);
      expect(values(living)).toEqual(['c']);
      await expect(store.labels.merge(a!.id, c!.id)).rejects.toMatchObject(code('CONFLICT'));
      await expect(store.labels.merge(c!.id, c!.id)).rejects.toMatchObject(code('CONFLICT'));
      // A merged label does not rise again: a new one of its name has votes of its own.
      const again = await store.labels.sync(project.id, 'class', ['a', 'c']);
      expect(again[0]!.id).not.toBe(a!.id);
    }));
}
