/** Requests of the rules page; apart from the others, so that annotators do not load them. */
import type { Reply } from '../../../src/server/contract/index.ts';
import { call } from '../http.ts';
import type { Schema } from './complete.ts';

export type Check = Reply<'ruleCheck'>;
export type Preview = Reply<'rulePreview'>;
export type Figures = Preview['rules'][number];
export type RuleTask = Preview['hits'][number];
export type Difference = Reply<'ruleDiff'>;
export type Keyword = Reply<'ruleSuggest'>[number];
export type LabelModel = Reply<'labelModels'>[number];

export function rulesApi(projectId: number) {
  const base = `/api/projects/${projectId}`;
  const post = <T>(path: string, body: unknown = {}): Promise<T> => call<T>('POST', `${base}${path}`, { body });
  return {
    /** The newest document; null before there is one. */
    newest: async (): Promise<Reply<'ruleGet'> | null> => {
      const saved = await call<Reply<'ruleList'>>('GET', `${base}/rules`);
      return saved.length === 0 ? null : call<Reply<'ruleGet'>>('GET', `${base}/rules/document`);
    },
    schema: () => call<Schema>('GET', `${base}/rules/schema`),
    check: (document: string, lists: Lists) => post<Check>('/rules/check', { document, lists }),
    preview: (document: string, lists: Lists, rule?: string) =>
      post<Preview>('/rules/preview', { document, lists, ...(rule === undefined ? {} : { rule }) }),
    report: (document: string, lists: Lists) => post<Reply<'ruleReport'>>('/rules/report', { document, lists }),
    diff: (document: string, lists: Lists) => post<Difference>('/rules/diff', { document, lists }),
    /** Of one task's text when it is named. */
    suggest: (label: string, task: number | null) => {
      const query = `limit=12&label=${encodeURIComponent(label)}${task === null ? '' : `&task=${task}`}`;
      return call<Keyword[]>('GET', `${base}/rules/suggest?${query}`);
    },
    /** The document with one more rule, made of these words; a new one where there is none. */
    add: (document: string | null, label: string, text: string) =>
      post<Reply<'rulePromote'>>('/rules/promote', { label, text, ...(document === null ? {} : { document }) }),
    save: (document: string, lists: Lists) => post<Reply<'ruleSave'>>('/rules', { document, lists }),
    apply: (number: number) => post<Reply<'ruleApply'>>('/rules/apply', { number }),
    labelModels: () => call<LabelModel[]>('GET', `${base}/label-models`),
    promote: (name: string, minScore: number | null) =>
      post<Reply<'promote'>>('/promote', { name, ...(minScore === null ? {} : { min_score: minScore }) }),
  };
}

export type RulesClient = ReturnType<typeof rulesApi>;
export type Lists = Readonly<Record<string, readonly string[]>>;
