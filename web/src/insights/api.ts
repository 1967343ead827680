/** What the insights page asks the server. */
import type { Reply } from '../../../src/server/contract/index.ts';
import { call } from '../http.ts';
import type { Project, Region } from '../wire.ts';

export type ModelFigures = Reply<'modelFigures'>;
export type TrainingPlan = Reply<'trainingPlan'>;
export type Comparison = Reply<'queueCompare'>;
export type Doubt = Reply<'labelErrors'>['results'][number];
export type Strategy = Reply<'strategyList'>[number];
export type AnswersOf = ModelFigures['of'];
export type RetrainPolicy = Pick<
  Project['settings'],
  'retrain_every' | 'retrain_every_verified' | 'retrain_every_hours' | 'retrain_on_drift'
>;

export const insightsApi = {
  figures: (id: number, of: AnswersOf) => call<ModelFigures>('GET', `/api/projects/${id}/model-figures?of=${of}`),
  doubts: (id: number, limit: number) =>
    call<Reply<'labelErrors'>>('GET', `/api/projects/${id}/label-errors?limit=${limit}`),
  annotation: (id: number) => call<Reply<'annotationGet'>>('GET', `/api/annotations/${id}`),
  /** Settles an answer: changed or not, it is ground truth from now on. */
  verify: (id: number, change: { result?: readonly Region[] }) =>
    call<unknown>('PATCH', `/api/annotations/${id}`, { body: { ...change, ground_truth: true } }),
  training: (id: number) => call<TrainingPlan>('GET', `/api/projects/${id}/training`),
  strategies: () => call<Reply<'strategyList'>>('GET', '/api/strategies'),
  compare: (id: number, strategy: string) =>
    call<Comparison>('GET', `/api/projects/${id}/queue/compare?query_strategy=${encodeURIComponent(strategy)}`),
  takeStrategy: (id: number, query_strategy: string) =>
    call<unknown>('PATCH', `/api/projects/${id}`, { body: { settings: { query_strategy } } }),
  takeRetrainPolicy: (id: number, settings: Partial<RetrainPolicy>) =>
    call<unknown>('PATCH', `/api/projects/${id}`, { body: { settings } }),
};
