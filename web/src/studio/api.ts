/** Calls of the Label Studio page. */
import type { Body, Reply } from '../../../src/server/contract/index.ts';
import { call } from '../http.ts';

export type Connection = Reply<'connectionGet'>;
export type Finding = Reply<'connectionDoctor'>[number];
export type Trainer = Reply<'trainerGet'>['trainer'];

export const studio = {
  list: (project: number) => call<Connection[]>('GET', `/api/projects/${project}/studio`),
  connect: (project: number) =>
    call<Reply<'connectionCreate'>>('POST', `/api/projects/${project}/studio`, { body: {} }),
  change: (id: number, body: Body<'connectionUpdate'>) => call<Connection>('PATCH', `/api/studio/${id}`, { body }),
  sync: (id: number, body: Body<'connectionSync'>) =>
    call<Reply<'connectionSync'>>('POST', `/api/studio/${id}/sync`, { body }),
  job: (id: number) => call<Reply<'jobGet'>>('GET', `/api/jobs/${id}`),
  doctor: (id: number) => call<Finding[]>('GET', `/api/studio/${id}/doctor`),
  trainer: (project: number) => call<Reply<'trainerGet'>>('GET', `/api/projects/${project}/trainer`),
  setTrainer: (project: number, body: Body<'trainerSet'>) =>
    call<Reply<'trainerSet'>>('POST', `/api/projects/${project}/trainer`, { body }),
  removeTrainer: (project: number) => call<void>('DELETE', `/api/projects/${project}/trainer`),
};
