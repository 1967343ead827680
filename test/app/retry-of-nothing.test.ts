/** Failed items that nothing can be asked about any more: trying them again says so, and the list of them stays. */
import { expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import { createEmbedHandler } from '../../src/app/embeddings/embed.ts';
import type { Matrices } from '../../src/app/embeddings/matrices.ts';
import type { JobWork } from '../../src/app/jobs/job-runner.ts';
import type { Loops } from '../../src/app/learning/loops.ts';
import { createModelPrelabelHandler } from '../../src/app/library/model-prelabel.ts';
import type { ProjectConfigs } from '../../src/app/projects/project-config.ts';
import { createMediaFactsHandler } from '../../src/app/rules/media-facts-job.ts';

const deps = {
  store: { projects: { get: async () => ({ id: 1 }), counts: async () => ({ tasks: 3 }) } },
  library: { get: () => ({ info: { id: 'gone@1', kind: 'object-detection' } }) },
} as unknown as Deps;
const matrices = { embeddings: async () => ({ filled: 0 }) } as unknown as Matrices;
/** The control that the model was bound to is gone, and with it whatever was shown. */
const configs = { of: () => ({ input: null, parsed: { controls: [], objects: [] } }) } as unknown as ProjectConfigs;
const workOn = (only?: number[]) =>
  ({ job: { projectId: 1, params: { control: 'box', model: 'gone@1', embedder: 'x' } }, only }) as unknown as JobWork;

it.each([
  ['a model', createModelPrelabelHandler(deps, matrices, configs)],
  ['embedding', createEmbedHandler(deps, {} as Loops, matrices, configs)],
  ['media facts', createMediaFactsHandler(deps, configs)],
] as const)('%s', async (_what, handler) => {
  await expect(handler(workOn())).resolves.toBeDefined();
  await expect(handler(workOn([7]))).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('cannot be tried again'),
  });
});
