/** Rules: documents, preview, figures, and applying them. */
import { Type } from 'typebox';
import { LIMITS } from '../../core/limits.ts';
import { Id, route } from './route.ts';
import {
  CheckShape,
  DocumentHeadShape,
  DocumentShape,
  DocumentText,
  DraftBody,
  KeywordShape,
  LabelModelShape,
  PromotionBody,
  RuleDifferenceShape,
  RulePreviewShape,
  RuleReportShape,
  sourceFields,
} from './rules-shapes.ts';
import { JobShape } from './shapes.ts';

const params = Type.Object({ project_id: Id('project') });
const number = Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }));

const tag = 'Rules';
const access = 'owner';
const base = '/api/projects/:project_id/rules';

export const ruleRoutes = {
  ruleList: route({
    method: 'GET',
    url: base,
    access,
    tag,
    summary: 'Saved versions of the rule document, oldest first',
    schema: { params, response: { 200: Type.Array(DocumentHeadShape) } },
  }),
  ruleSave: route({
    method: 'POST',
    url: base,
    access,
    tag,
    summary: 'Save a rule document; applies nothing',
    schema: { params, body: DraftBody, response: { 201: DocumentShape } },
  }),
  ruleGet: route({
    method: 'GET',
    url: `${base}/document`,
    access,
    tag,
    summary: 'A saved document, the newest unless a number is given',
    schema: { params, querystring: Type.Object({ number }), response: { 200: DocumentShape } },
  }),
  ruleSchema: route({
    method: 'GET',
    url: `${base}/schema`,
    access,
    tag,
    summary: 'The form of rule documents as a JSON Schema (draft 7) with the labels of this project, for editors',
    schema: { params, response: { 200: Type.Record(Type.String(), Type.Unknown()) } },
  }),
  ruleCheck: route({
    method: 'POST',
    url: `${base}/check`,
    access,
    tag,
    summary: 'What is wrong with a draft, with line and column, and how each pattern would be run',
    schema: { params, body: DraftBody, response: { 200: CheckShape } },
  }),
  ruleImport: route({
    method: 'POST',
    url: `${base}/import`,
    access,
    tag,
    summary: 'A draft document made of `label,word` lines or spaCy patterns; saves nothing',
    schema: {
      params,
      body: Type.Object({
        text: Type.String(),
        kind: Type.Optional(Type.Union([Type.Literal('csv'), Type.Literal('spacy')])),
        field: Type.Optional(Type.String()),
        document: Type.Optional(DocumentText),
      }),
      response: {
        200: Type.Object({
          document: Type.String(),
          rules: Type.Integer(),
          skipped: Type.Array(Type.Object({ line: Type.Integer(), reason: Type.String() })),
        }),
      },
    },
  }),
  rulePromote: route({
    method: 'POST',
    url: `${base}/promote`,
    access,
    tag,
    summary: 'A draft document with one more rule, made of words or of a stretch of a task; saves nothing',
    schema: {
      params,
      body: PromotionBody,
      response: { 200: Type.Object({ document: Type.String(), rule: Type.String() }) },
    },
  }),
  rulePreview: route({
    method: 'POST',
    url: `${base}/preview`,
    access,
    tag,
    summary: 'A draft or saved document on 1,000 tasks: matches with places, coverage, contradictions',
    schema: {
      params,
      body: Type.Object({ ...sourceFields, rule: Type.Optional(Type.String()) }),
      response: { 200: RulePreviewShape },
    },
  }),
  ruleReport: route({
    method: 'POST',
    url: `${base}/report`,
    access,
    tag,
    summary: 'Coverage, overlap, conflict and precision of each rule over all tasks',
    schema: { params, body: Type.Object(sourceFields), response: { 200: RuleReportShape } },
  }),
  ruleDiff: route({
    method: 'POST',
    url: `${base}/diff`,
    access,
    tag,
    summary: 'Tasks gained, lost and flipped from a saved document (default: the newest) to a draft or another one',
    schema: {
      params,
      body: Type.Object({ ...sourceFields, from: Type.Optional(Type.Integer({ minimum: 1 })) }),
      response: { 200: RuleDifferenceShape },
    },
  }),
  ruleSuggest: route({
    method: 'GET',
    url: `${base}/suggest`,
    access,
    tag,
    summary: 'Words and phrases that announce a label in the annotated tasks, best first; of one task when it is named',
    schema: {
      params,
      querystring: Type.Object({
        label: Type.String(),
        limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LIMITS.pageSizeMax })),
        task: Type.Optional(Id('task')),
      }),
      response: { 200: Type.Array(KeywordShape) },
    },
  }),
  labelModels: route({
    method: 'GET',
    url: '/api/projects/:project_id/label-models',
    access,
    tag,
    summary: 'What weighs the votes of each control: the label model, why it, and how right each labeler is by it',
    schema: { params, response: { 200: Type.Array(LabelModelShape) } },
  }),
  ruleApply: route({
    method: 'POST',
    url: `${base}/apply`,
    access,
    tag,
    summary: 'Write the votes of a saved document, the newest unless a number is given, under one run',
    schema: { params, body: Type.Object({ number }), response: { 202: JobShape } },
  }),
};
