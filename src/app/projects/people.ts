/** Annotators and their tokens. A token is random, shown once, and stored only as its sha-256. */
import { timingSafeEqual } from 'node:crypto';
import type { Labeler, Role, Token } from '../../core/domain.ts';
import { AppError } from '../../core/errors.ts';
import { median } from '../../core/intervals.ts';
import type { Identity } from '../app.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import { newSecret, secretHash } from '../secrets.ts';
import type { PeopleApi } from './api.ts';

/** Whoever can read the data folder; needs no token on the machine itself. */
const LOCAL_OWNER = 'owner';
const NAME_LENGTH_MAX = 100;
/** Enough annotations for a typical pace, few enough to stay current. */
const PACE_ANNOTATIONS = 200;

export function createPeople({ store, newId, localSecret }: Deps): PeopleApi {
  const localOwner = async (): Promise<Identity> =>
    identityOf(await store.labelers.ensure('annotator', LOCAL_OWNER, ''), { role: 'owner', projectId: null });
  const issue = async (annotator: Labeler, role: Role, projectId: number | null) => {
    const secret = `hs_${newSecret({ newId })}`;
    const owner = { annotatorId: annotator.id, role, projectId, label: annotator.name };
    return { token: await store.tokens.add({ hash: secretHash(secret), ...owner }), secret };
  };
  /** Has a token for the project, or has answered there. */
  const worksOn = async (projectId: number, annotatorId: number): Promise<boolean> => {
    const tokens = await store.tokens.list();
    if (tokens.some((one) => one.annotatorId === annotatorId && one.projectId === projectId)) return true;
    const counts = await store.annotations.countsByAnnotator(projectId);
    return counts.some((one) => one.annotatorId === annotatorId);
  };
  return {
    localOwner,

    async invite({ name, role, projectId }) {
      if (name.trim() === LOCAL_OWNER) throw nameTaken(LOCAL_OWNER);
      const annotator = await store.labelers.ensure('annotator', checkedName(name), '');
      return issue(annotator, role, projectId);
    },

    async join(name, projectId) {
      const wanted = checkedName(name);
      const people = (await store.labelers.list()).filter((labeler) => labeler.kind === 'annotator');
      if (people.some((one) => one.name.toLowerCase() === wanted.toLowerCase())) {
        throw nameTaken(wanted);
      }
      return issue(await store.labelers.ensure('annotator', wanted, ''), 'annotator', projectId);
    },

    tokens: () => store.tokens.list(),
    revoke: (tokenId) => store.tokens.revoke(tokenId),

    async identify(secret) {
      if (timingSafeEqual(Buffer.from(secretHash(secret)), Buffer.from(secretHash(localSecret)))) return localOwner();
      const token = await store.tokens.find(secretHash(secret));
      if (!token || token.revokedAt !== null) return undefined;
      const annotator = await store.labelers.get(token.annotatorId);
      return annotator && identityOf(annotator, token);
    },

    async onBehalfOf(who, annotatorId, projectId) {
      if (annotatorId === who.annotatorId) return who;
      if (who.role !== 'owner') {
        throw new AppError('AUTH_FORBIDDEN', 'You can answer for yourself only; an owner can for others.');
      }
      const person = await store.labelers.get(annotatorId);
      const known = person?.kind === 'annotator' && (who.projectId === null || (await worksOn(projectId, annotatorId)));
      if (known) return { ...who, annotatorId, name: person.name };
      throw new AppError('INPUT_BAD_FIELD', `There is no user ${annotatorId}; GET /api/users lists them.`, {
        details: { field: 'completed_by' },
      });
    },

    async annotators(projectId) {
      const counts = await store.annotations.countsByAnnotator(projectId);
      return Promise.all(
        counts.map(async ({ annotatorId, annotations, skipped }) => {
          const person = await found('annotator', annotatorId, store.labelers.get(annotatorId));
          const recent = await store.annotations.recent(projectId, annotatorId, PACE_ANNOTATIONS);
          const times = recent.flatMap((answer) => (answer.visibleMs === null ? [] : [answer.visibleMs]));
          const medianVisibleMs = times.length === 0 ? null : median(times);
          return { id: annotatorId, name: person.name, annotations, skipped, medianVisibleMs };
        }),
      );
    },
  };
}

function nameTaken(name: string): AppError {
  return new AppError('CONFLICT', `Somebody is called "${name}" already; pick another name.`, {
    details: { field: 'name' },
  });
}

function checkedName(name: string): string {
  const trimmed = name.trim();
  if (trimmed !== '' && trimmed.length <= NAME_LENGTH_MAX) return trimmed;
  throw new AppError('INPUT_BAD_FIELD', `An annotator's name has 1 to ${NAME_LENGTH_MAX} characters.`, {
    details: { field: 'name' },
  });
}

function identityOf(annotator: Labeler, scope: Pick<Token, 'role' | 'projectId'>): Identity {
  return { annotatorId: annotator.id, name: annotator.name, role: scope.role, projectId: scope.projectId };
}
