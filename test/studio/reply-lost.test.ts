/** What a client that went away never got is not noted as being there, and is noted once it is asked for again. */
import { expect, it } from 'vitest';
import type { Deps } from '../../src/app/deps.ts';
import type { Intake } from '../../src/app/studio/intake.ts';
import { Predictor } from '../../src/app/studio/predict.ts';
import type { Proposals } from '../../src/app/studio/proposals.ts';
import type { SuggestionVersions } from '../../src/app/studio/version.ts';
import type { Connection } from '../../src/core/connection.ts';
import { parseLabelConfig } from '../../src/labelconfig/index.ts';
import { TEXT_CONFIG } from '../helpers/texts.ts';

it('is noted by the call that brought it', async () => {
  const marked: unknown[] = [];
  const mark = async (_connection: number, ids: readonly number[], change: object) => marked.push([ids, change]);
  const deps = { store: { studio: { mark } }, log: { error: () => undefined } } as unknown as Deps;
  const intake = {
    tasks: async (_connection: Connection, given: readonly object[]) =>
      given.map((one) => ({ given: one, task: { id: 1 }, problem: null, change: 'known', pushed: '' })),
  } as unknown as Intake;
  const suggester = {
    config: { parsed: parseLabelConfig(TEXT_CONFIG) },
    version: 'hs-1',
    suggest: async (items: readonly object[]) => items.map(() => ({ result: [], score: 0.5 })),
  };
  const proposals = { of: async () => suggester } as unknown as Proposals;
  const versions = { of: async () => ({ name: 'hs-1', suggests: true }) } as unknown as SuggestionVersions;
  const predictor = new Predictor(deps, intake, proposals, versions);
  const settings = { deadlineMs: 50_000, scores: 'confidence', follow: false, orderField: null } as const;
  const connection = { id: 1, projectId: 1, studioProject: null, settings } as unknown as Connection;
  const predict = async (signal: AbortSignal) => {
    await predictor.predict(connection, [{ id: 7, data: { text: 'x' } }], () => signal);
    // What is noted is waited for by nobody.
    await new Promise((resolve) => setImmediate(resolve));
  };

  await predict(AbortSignal.abort());
  expect(marked).toEqual([]);
  await predict(new AbortController().signal);
  expect(marked).toEqual([[[7], { pushed: 'hs-1', owed: false }]]);
  await predict(new AbortController().signal);
  expect(marked).toHaveLength(1);
});
