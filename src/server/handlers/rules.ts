/** Rules: documents, preview, figures, and applying them. */
import type { App } from '../../app/app.ts';
import { AppError } from '../../core/errors.ts';
import type { Handlers } from '../bind.ts';
import type { ruleRoutes } from '../contract/rules.ts';
import {
  checkWire,
  differenceWire,
  documentHeadWire,
  documentWire,
  draftOf,
  keywordWire,
  previewWire,
  reportWire,
  sourceOf,
} from '../wire-rules.ts';
import { jobWire } from '../wire-work.ts';

export function ruleHandlers({ rules }: App): Handlers<keyof typeof ruleRoutes> {
  return {
    ruleList: async ({ params }) => (await rules.list(params.project_id)).map(documentHeadWire),
    ruleSave: async ({ params, body }) => documentWire(await rules.save(params.project_id, draftOf(body))),
    ruleGet: async ({ params, query }) => documentWire(await rules.get(params.project_id, query.number)),
    ruleSchema: async ({ params }) => ({ ...(await rules.schema(params.project_id)) }),
    ruleCheck: async ({ params, body }) => checkWire(await rules.check(params.project_id, draftOf(body))),
    async ruleImport({ params, body }) {
      const { document, rules: count, skipped } = await rules.import(params.project_id, { kind: 'csv', ...body });
      return { document, rules: count, skipped: [...skipped] };
    },
    async rulePromote({ params, body: { task_id, start, end, ...rest } }) {
      if (task_id === undefined) return rules.promote(params.project_id, rest);
      if (start === undefined || end === undefined) {
        throw new AppError('INPUT_BAD_FIELD', 'A stretch of a task needs `start` and `end`.', {
          details: { field: start === undefined ? 'start' : 'end' },
        });
      }
      return rules.promote(params.project_id, { ...rest, place: { taskId: task_id, start, end } });
    },
    async rulePreview({ params, body }) {
      const options = body.rule === undefined ? {} : { rule: body.rule };
      return previewWire(await rules.preview(params.project_id, sourceOf(body), options));
    },
    ruleReport: async ({ params, body }) => reportWire(await rules.report(params.project_id, sourceOf(body))),
    async ruleDiff({ params, body }) {
      const from = body.from ?? (await rules.get(params.project_id)).number;
      return differenceWire(await rules.diff(params.project_id, from, sourceOf(body)));
    },
    async ruleSuggest({ params, query }) {
      const { label, limit, task } = query;
      const options = { ...(limit === undefined ? {} : { limit }), ...(task === undefined ? {} : { taskId: task }) };
      return (await rules.suggest(params.project_id, label, options)).map(keywordWire);
    },
    async labelModels({ params }) {
      const models = await rules.labelModels(params.project_id);
      return models.map(({ createdAt, voters, ...model }) => ({
        ...model,
        voters: [...voters],
        created_at: createdAt,
      }));
    },
    ruleApply: async ({ params, body }) => jobWire(await rules.apply(params.project_id, body.number)),
  };
}
