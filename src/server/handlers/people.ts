/** The caller, annotators, tokens, and what is running. */
import type { App } from '../../app/app.ts';
import { AppError } from '../../core/errors.ts';
import type { Handlers } from '../bind.ts';
import { COMPONENTS } from '../contract/people.ts';
import { PRODUCT_VERSION } from '../version.ts';
import { tokenWire } from '../wire-work.ts';
import { sinceOf, userWire } from './users.ts';

type Names =
  | 'whoami'
  | 'annotators'
  | 'tokenList'
  | 'tokenCreate'
  | 'tokenRevoke'
  | 'inviteAccept'
  | 'version'
  | 'health';

export function peopleHandlers(app: App): Handlers<Names> {
  const { people } = app;
  return {
    whoami: async ({ who }) => ({
      ...userWire({ id: who.annotatorId, name: who.name, since: await sinceOf(app, who) }),
      role: who.role,
      project: who.projectId,
    }),
    async annotators({ params }) {
      const rows = await people.annotators(params.project_id);
      return rows.map(({ medianVisibleMs, ...row }) => ({ ...row, median_visible_ms: medianVisibleMs }));
    },
    async tokenList({ who }) {
      const all = await people.tokens();
      return all.filter((token) => who.projectId === null || token.projectId === who.projectId).map(tokenWire);
    },
    async tokenCreate({ body, who }) {
      const role = body.role ?? 'annotator';
      const projectId = body.project ?? null;
      if (role !== 'owner' && projectId === null) {
        throw new AppError('INPUT_BAD_FIELD', 'An annotator is invited to one project: give its id as `project`.', {
          details: { field: 'project' },
        });
      }
      if (who.projectId !== null && projectId !== who.projectId) {
        throw new AppError('AUTH_FORBIDDEN', 'You can make tokens for your own project only.');
      }
      const { token, secret } = await people.invite({ name: body.name, role, projectId });
      return { ...tokenWire(token), secret };
    },
    async inviteAccept({ body, who }) {
      if (who.projectId === null) {
        throw new AppError('AUTH_FORBIDDEN', 'This is no invite: send the token of an invite link.');
      }
      const { token, secret } = await people.join(body.name, who.projectId);
      return { id: token.id, secret, name: token.label, project: who.projectId };
    },
    async tokenRevoke({ params }) {
      await people.revoke(params.token_id);
      return null;
    },
    version: async () => ({
      release: PRODUCT_VERSION,
      product: 'Headstart',
      edition: 'Community' as const,
      ...Object.fromEntries(COMPONENTS.map((name) => [name, {}])),
    }),
    health: async () => ({ status: 'UP' as const }),
  };
}
