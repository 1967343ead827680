/** People as Label Studio's clients know them: users, all in one organization. */
import type { App, Identity } from '../../app/app.ts';
import { AppError } from '../../core/errors.ts';
import type { Handlers } from '../bind.ts';
import { numberedPage } from '../paging.ts';

type Names = 'userList' | 'userGet' | 'organizationList' | 'organizationGet' | 'memberships';

/** The installation: clients want a number. */
const ORGANIZATION = 1;
/** Of what was there before anybody noted when: the data folder's own owner. */
const LONG_AGO = new Date(0).toISOString();

interface Person {
  readonly id: number;
  readonly name: string;
  /** ISO 8601. */
  readonly since: string;
}

export function userHandlers(app: App): Handlers<Names> {
  const organization = { id: ORGANIZATION, title: 'Headstart', contact_info: null, created_at: LONG_AGO };
  const only = (id: number): void => {
    if (id !== ORGANIZATION) throw new AppError('NOT_FOUND', `There is no organization ${id}.`);
  };
  return {
    userList: async ({ who }) => (await peopleSeenBy(app, who)).map(userWire),
    async userGet({ params, who }) {
      const person = (await peopleSeenBy(app, who)).find((one) => one.id === params.user_id);
      if (person) return userWire(person);
      throw new AppError('NOT_FOUND', `There is no user ${params.user_id}.`);
    },
    organizationList: async () => [organization],
    async organizationGet({ params }) {
      only(params.organization_id);
      return organization;
    },
    async memberships({ params, query, who, request }) {
      only(params.organization_id);
      const members = (await peopleSeenBy(app, who)).map((person) => ({
        ...{ id: person.id, organization: ORGANIZATION, user: userWire(person), active: true },
      }));
      return numberedPage(members, query, request);
    },
  };
}

/** The caller, and everybody with a token for what the caller may touch; by id. */
async function peopleSeenBy({ people }: App, who: Identity): Promise<Person[]> {
  const all = (await people.tokens()).filter((one) => who.projectId === null || one.projectId === who.projectId);
  const byId = new Map<number, Person>([[who.annotatorId, { id: who.annotatorId, name: who.name, since: LONG_AGO }]]);
  // Tokens come oldest first: the first one of each tells since when.
  for (const { annotatorId: id, label: name, createdAt: since } of all.toReversed()) byId.set(id, { id, name, since });
  return [...byId.values()].sort((a, b) => a.id - b.id);
}

/** Since when the caller is there. */
export async function sinceOf(app: App, who: Identity): Promise<string> {
  const token = (await app.people.tokens()).find((one) => one.annotatorId === who.annotatorId);
  return token?.createdAt ?? LONG_AGO;
}

export function userWire({ id, name, since }: Person) {
  return {
    id,
    username: name,
    email: '',
    first_name: name,
    last_name: '',
    initials: [...name].slice(0, 2).join('').toUpperCase(),
    phone: '',
    avatar: null,
    active_organization: ORGANIZATION,
    last_activity: since,
    date_joined: since,
  };
}
