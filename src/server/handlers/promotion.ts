/** Promotion: machine labels become annotations. */
import type { App } from '../../app/app.ts';
import type { Handlers } from '../bind.ts';
import type { promotionRoutes } from '../contract/promotion.ts';
import { jobWire } from '../wire-work.ts';

export function promotionHandlers({ promotion }: App): Handlers<keyof typeof promotionRoutes> {
  return {
    async promote({ params, body: { name, run, min_score }, who }) {
      const request = {
        name,
        ...(run === undefined ? {} : { runId: run }),
        ...(min_score === undefined ? {} : { minScore: min_score }),
      };
      return jobWire(await promotion.promote(params.project_id, request, who));
    },
  };
}
