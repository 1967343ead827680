/** Rules on the wire. Offsets are UTF-16 units, end exclusive; shares are 0..1. */
import { Type } from 'typebox';
import { LIMITS } from '../../core/limits.ts';
import { Id } from './route.ts';
import { nullable, Time } from './shapes.ts';

const count = Type.Integer({ minimum: 0 });
const share = Type.Number();

export const Lists = Type.Record(Type.String(), Type.Array(Type.String()), {
  description: 'Words of the lists that the document names with `keywords: {list: NAME}`',
});

/** A text over its limit is answered with a problem that has a line, so the schema lets a little more in. */
export const DocumentText = Type.String({ maxLength: LIMITS.ruleDocumentCharsMax + 1 });

export const DraftBody = Type.Object({ document: DocumentText, lists: Type.Optional(Lists) });

/** A draft, a saved document by number, or with neither the newest one. */
export const sourceFields = {
  document: Type.Optional(DocumentText),
  lists: Type.Optional(Lists),
  number: Type.Optional(Type.Integer({ minimum: 1 })),
};

export const ProblemShape = Type.Object({
  severity: Type.Union([Type.Literal('error'), Type.Literal('warning')]),
  code: Type.String(),
  message: Type.String(),
  line: Type.Integer(),
  column: Type.Integer(),
  rule: Type.String(),
});

export const PatternShape = Type.Object({
  rule: Type.String(),
  line: Type.Integer(),
  pattern: Type.String(),
  safety: Type.String({ description: '`linear`, `polynomial`, `exponential` or `watched`' }),
  reason: Type.String(),
  chars_max: nullable(
    Type.Number({ description: 'Longer texts get no vote from this pattern; null: there is no limit' }),
  ),
});

export const CheckShape = Type.Object({
  version: Type.String(),
  rules: Type.Array(
    Type.Object({
      id: Type.String(),
      version: Type.String(),
      line: Type.Integer(),
      enabled: Type.Boolean(),
      labels: Type.Array(Type.String()),
    }),
  ),
  problems: Type.Array(ProblemShape),
  patterns: Type.Array(PatternShape),
});

export const DocumentHeadShape = Type.Object({
  number: Type.Integer(),
  version: Type.String(),
  rule_count: count,
  patterns: Type.Array(PatternShape),
  created_at: Time,
});

export const DocumentShape = Type.Object({ ...DocumentHeadShape.properties, document: Type.String(), lists: Lists });

export const RuleTaskShape = Type.Object({
  task: Type.Integer(),
  text: Type.String(),
  votes: Type.Array(Type.Object({ rule: Type.String(), label: Type.String() })),
  matches: Type.Array(
    Type.Object(
      { rule: Type.String(), field: Type.String(), start: count, end: count },
      {
        description: 'Stretches of the text that made rules fire',
      },
    ),
  ),
  annotated: Type.Array(Type.String()),
  facts: Type.Array(Type.Object({ path: Type.String(), value: Type.Unknown() }), {
    description: 'Facts of its file that the rules ask for; null for what is not known',
  }),
  media: nullable(
    Type.Object({ kind: Type.Union([Type.Literal('image'), Type.Literal('audio')]), field: Type.String() }),
  ),
});

const PrecisionShape = Type.Object({ n: count, hits: count, share, low: share, high: share });

export const RuleFiguresShape = Type.Object({
  id: Type.String(),
  version: Type.String(),
  line: Type.Integer(),
  enabled: Type.Boolean(),
  labels: Type.Array(Type.String()),
  hits: count,
  coverage: share,
  overlap: share,
  conflict: share,
  precision: nullable(PrecisionShape),
  counts: Type.Union([Type.Literal('tasks'), Type.Literal('spans')], {
    description: 'What the precision counts; a span is right when people marked exactly it',
  }),
  estimated: nullable(share),
  covers: count,
  flips: count,
  ms_per_million_chars: Type.Number(),
  fault: nullable(Type.String()),
  skipped: count,
});

const RuleMediaShape = nullable(
  Type.Object(
    {
      waiting: count,
      job: nullable(Type.Integer()),
      unreadable: count,
      examples: Type.Array(Type.Object({ task: Type.Integer(), reason: Type.String() })),
    },
    {
      description:
        'Where rules that ask for facts of media keep silent: files that `job` is looking at (ask again when it has ended), and files of which something could not be found out',
    },
  ),
);

export const RuleReportShape = Type.Object({
  tasks: count,
  annotated: count,
  coverage: share,
  overlap: share,
  conflict: share,
  accuracy: nullable(share),
  spans: nullable(
    Type.Object(
      { precision: nullable(PrecisionShape), recall: nullable(PrecisionShape) },
      { description: 'Of all span rules together: spans exactly as people marked them' },
    ),
  ),
  rules: Type.Array(RuleFiguresShape),
  conflicts: Type.Array(Type.Object({ a: Type.String(), b: Type.String(), tasks: count })),
  media: RuleMediaShape,
});

export const RulePreviewShape = Type.Object({
  ...RuleReportShape.properties,
  hits: Type.Array(RuleTaskShape),
  contradicted: Type.Array(RuleTaskShape),
  misses: Type.Array(RuleTaskShape),
  ms: Type.Number(),
});

export const RuleDifferenceShape = Type.Object({
  tasks: count,
  gained: count,
  lost: count,
  flipped: count,
  examples: Type.Object({
    gained: Type.Array(RuleTaskShape),
    lost: Type.Array(RuleTaskShape),
    flipped: Type.Array(RuleTaskShape),
  }),
  changed: Type.Array(Type.String()),
  removed: Type.Array(Type.String()),
  media: RuleMediaShape,
});

export const KeywordShape = Type.Object({
  text: Type.String(),
  kind: Type.Union([Type.Literal('keyword'), Type.Literal('phrase')]),
  tasks: count,
  correct: count,
  low: share,
  high: share,
  coverage: share,
  score: Type.Number(),
});

export const LabelModelShape = Type.Object({
  control: Type.String(),
  version: Type.String(),
  name: Type.String(),
  reason: Type.String(),
  tasks: count,
  annotated: count,
  voters: Type.Array(Type.Object({ labeler: Type.String(), accuracy: nullable(share) })),
  created_at: Time,
});

export const PromotionBody = Type.Object({
  label: Type.String(),
  text: Type.Optional(Type.String({ maxLength: LIMITS.ruleKeywordCharsMax })),
  task_id: Type.Optional(Id('task')),
  start: Type.Optional(count),
  end: Type.Optional(count),
  field: Type.Optional(Type.String()),
  document: Type.Optional(DocumentText),
});
