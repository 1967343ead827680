import { expect, it } from 'vitest';
import { code, inWorld, type OpenEmpty } from '../world.ts';

export function tokenContract(open: OpenEmpty): void {
  it('ensures a labeler once, also when many ask together', () =>
    inWorld(open, async ({ store }) => {
      const asked = await Promise.all([1, 2, 3].map(() => store.labelers.ensure('rule', 'unsubscribe', '2')));
      expect(new Set(asked.map((labeler) => labeler.id)).size).toBe(1);
      const newer = await store.labelers.ensure('rule', 'unsubscribe', '3');
      expect(newer.id).not.toBe(asked[0]!.id);
      expect(await store.labelers.get(newer.id)).toEqual(newer);
      expect(await store.labelers.list()).toEqual([asked[0], newer]);
    }));

  it('finds a token by its hash until it is revoked', () =>
    inWorld(open, async ({ store, project, annotator }) => {
      const annotatorId = await annotator('ann');
      const token = await store.tokens.add({
        hash: 'abc',
        annotatorId,
        role: 'annotator',
        projectId: project.id,
        label: 'x',
      });
      expect(await store.tokens.find('abc')).toEqual(token);
      expect(await store.tokens.find('abd')).toBeUndefined();
      await store.tokens.revoke(token.id);
      await store.tokens.revoke(token.id);
      expect(await store.tokens.find('abc')).toBeUndefined();
      expect(await store.tokens.list()).toEqual([{ ...token, revokedAt: expect.any(String) }]);
      expect(JSON.stringify(await store.tokens.list())).not.toContain('abc');
      await expect(store.tokens.revoke(999)).rejects.toMatchObject(code('NOT_FOUND'));
    }));
}
