/** Spreading labels: preview, apply, cards, bulk labels, copies, spans. */
import type { App } from '../../app/app.ts';
import type { Point } from '../../core/geometry.ts';
import type { Handlers } from '../bind.ts';
import type { spreadRoutes } from '../contract/spread.ts';
import { cardWire, duplicatesWire, planWire } from '../wire-spread.ts';
import { jobWire } from '../wire-work.ts';

/** How many are looked at before many are accepted, unless asked for more. */
const SAMPLE = 20;

export function spreadHandlers({ spread }: App): Handlers<keyof typeof spreadRoutes> {
  return {
    spreadPreview: async ({ params, body }) => jobWire(await spread.preview(params.project_id, body)),
    async spreadPlan({ params }) {
      const plan = await spread.plan(params.project_id);
      return plan ? planWire(plan) : null;
    },
    spreadApply: async ({ params, body }) => jobWire(await spread.apply(params.project_id, body)),
    spreadVerify: async ({ params, body }) => ({ queued: await spread.verify(params.project_id, body.count) }),
    async spreadCards({ params, query }) {
      const { cards, ...counts } = await spread.cards(params.project_id, queryOf(query));
      return { cards: cards.map(cardWire), ...counts };
    },
    async spreadSample({ params, query: { count, ...query } }) {
      const { cards, bounds } = await spread.sample(params.project_id, queryOf(query), count ?? SAMPLE);
      return { cards: cards.map(cardWire), bounds };
    },
    async bulkLabel({ params, body, who }) {
      const items = body.items.map(({ task, labels }) => ({ taskId: task, labels }));
      return jobWire(await spread.label(params.project_id, items, who));
    },
    duplicatesFind: async ({ params }) => jobWire(await spread.findDuplicates(params.project_id)),
    async duplicatesGet({ params }) {
      const found = await spread.duplicates(params.project_id);
      return found ? duplicatesWire(found) : null;
    },
    duplicatesKeepOne: async ({ params, body, who }) =>
      jobWire(await spread.keepOne(params.project_id, body.task, who)),
    async spanSpread({ params, body: { task, region, scope, whole_words, fold_case, preview } }) {
      const request = {
        taskId: task,
        region,
        scope,
        ...(whole_words === undefined ? {} : { wholeWords: whole_words }),
        ...(fold_case === undefined ? {} : { foldCase: fold_case }),
        ...(preview === undefined ? {} : { preview }),
      };
      return jobWire(await spread.spreadSpan(params.project_id, request));
    },
  };
}

/** An area comes as one text: `x,y x,y x,y`. */
function queryOf<Q extends { area?: string; drawn?: string }>({ area, drawn, ...rest }: Q) {
  if (area === undefined) return rest;
  const corners = area.split(' ').map((corner): Point => {
    const [x, y] = corner.split(',').map(Number);
    return [x!, y!];
  });
  return { ...rest, area: { drawn: drawn ?? '', corners } };
}
