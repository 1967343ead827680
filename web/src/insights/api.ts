/** What the insights page asks the server. */
import type { Reply } from '../../../src/server/contract/index.ts';
import { call } from '../http.ts';
import type { Project } from '../wire.ts';

export type ModelFigures = Reply<'modelFigures'>;
export type TrainingPlan = Reply<'trainingPlan'>;
export type Comparison = Reply<'queueCompare'>;
export type Strategy = Reply<'strategyList'>[number];
export type AnswersOf = ModelFigures['of'];
export type RetrainPolicy = Pick<
  Project['settings'],
  'retrain_every' | 'retrain_every_verified' | 'retrain_every_hours' | 'retrain_on_drift'
>;

export const insightsApi = {
  figures: (id: number, of: AnswersOf) => call<ModelFigures>('GET', `/api/projects/${id}/model-figures?of=${of}`),
  training: (id: number) => call<TrainingPlan>('GET', `/api/projects/${id}/training`),
  strategies: () => call<Reply<'strategyList'>>('GET', '/api/strategies'),
  compare: (id: number, strategy: string) =>
    call<Comparison>('GET', `/api/projects/${id}/queue/compare?query_strategy=${encodeURIComponent(strategy)}`),
  takeStrategy: (id: number, query_strategy: string) =>
    call<unknown>('PATCH', `/api/projects/${id}`, { body: { settings: { query_strategy } } }),
  takeRetrainPolicy: (id: number, settings: Partial<RetrainPolicy>) =>
    call<unknown>('PATCH', `/api/projects/${id}`, { body: { settings } }),
};
