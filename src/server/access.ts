/**
 * What the caller may touch. Every id of a request is marked in the contract with the kind of thing it names; here each
 * is looked up once, and what belongs to a project that the caller cannot see answers exactly like what is not there.
 */
import type { TSchema } from 'typebox';
import type { App, Identity } from '../app/app.ts';
import { AppError } from '../core/errors.ts';
import { COMMON, REFERENCE, type ReferenceKind, type Route, type RouteSchema } from './contract/route.ts';

/** The project of a thing (null: of none), and the annotator it belongs to where that matters. */
interface Place {
  readonly projectId: number | null;
  readonly annotatorId?: number;
}

export interface Reference {
  readonly part: 'params' | 'querystring' | 'body';
  readonly key: string;
  readonly kind: ReferenceKind;
}

interface Parts {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

export type CheckAccess = (request: Parts, who: Identity) => Promise<void>;

/** Made once per route. Throws when an id in the address has no mark: such a route would be open to everybody. */
export function accessCheck(app: App, route: Route): CheckAccess {
  const references = referencesOf(route.schema);
  for (const [, name] of route.url.matchAll(/:(\w+)/g)) {
    const common = COMMON in (propertiesOf(route.schema.params)[name!] ?? {});
    if (!common && !references.some(({ part, key }) => part === 'params' && key === name)) {
      throw new Error(`${route.method} ${route.url}: parameter ${name} is not marked as a reference`);
    }
  }
  return async (request, who) => {
    let projectId: number | undefined;
    for (const reference of references) {
      const id = idOf(request, reference);
      if (id === undefined) continue;
      const place = await visiblePlace(app, who, reference.kind, id, projectId);
      // Two ids of one request that belong to different projects: the second is not there.
      if (projectId !== undefined && place.projectId !== projectId) throw notFound(reference.kind, id);
      projectId = place.projectId ?? undefined;
    }
    checkRole(route, who);
  };
}

/** In order of trust: first the address, then the query, then the body. */
export function referencesOf(schema: RouteSchema): Reference[] {
  return (['params', 'querystring', 'body'] as const).flatMap((part) =>
    Object.entries(propertiesOf(schema[part])).flatMap(([key, property]) => {
      const kind = (property as { [REFERENCE]?: ReferenceKind })[REFERENCE];
      return kind === undefined ? [] : [{ part, key, kind }];
    }),
  );
}

export function notFound(kind: ReferenceKind, id: number): AppError {
  return new AppError('NOT_FOUND', `There is no ${kind} ${id}.`, { details: { what: kind, id } });
}

function propertiesOf(schema: TSchema | undefined): Record<string, TSchema> {
  return (schema as { properties?: Record<string, TSchema> } | undefined)?.properties ?? {};
}

function idOf(request: Parts, { part, key }: Reference): number | undefined {
  const from = { params: request.params, querystring: request.query, body: request.body }[part];
  const value = (from as Record<string, unknown> | undefined)?.[key];
  // Where zero is allowed it names nothing.
  return typeof value === 'number' && value !== 0 ? value : undefined;
}

async function visiblePlace(
  app: App,
  who: Identity,
  kind: ReferenceKind,
  id: number,
  projectId: number | undefined,
): Promise<Place> {
  const place = await ignoringNotFound(PLACES[kind](app, id, projectId));
  const mine = place && (who.projectId === null || place.projectId === who.projectId);
  const own = who.role === 'owner' || place?.annotatorId === undefined || place.annotatorId === who.annotatorId;
  if (!place || !mine || !own) throw notFound(kind, id);
  return place;
}

/** How each kind of thing is found. */
const PLACES: Record<ReferenceKind, (app: App, id: number, projectId?: number) => Promise<Place | undefined>> = {
  project: async (app, id) => ({ projectId: (await app.projects.get(id)).id }),
  task: (app, id) => app.tasks.get(id),
  annotation: (app, id) => app.annotations.get(id),
  prediction: async (app, id) => ({ projectId: (await app.predictions.get(id)).projectId }),
  run: async (app, id) => ({ projectId: (await app.runs.get(id)).projectId }),
  job: async (app, id) => ({ projectId: (await app.jobs.get(id)).projectId }),
  model: async (app, id, projectId) => {
    const versions = projectId === undefined ? [] : await app.models.versions(projectId);
    return versions.find((version) => version.id === id);
  },
  view: (app, id) => app.scripts.view(id),
  connection: async (app, id) => ({ projectId: (await app.studio.get(id)).projectId }),
  token: async (app, id) => {
    const token = (await app.people.tokens()).find((one) => one.id === id);
    return token && { projectId: token.projectId };
  },
};

async function ignoringNotFound<T>(lookup: Promise<T>): Promise<T | undefined> {
  try {
    return await lookup;
  } catch (error) {
    if (error instanceof AppError && error.code === 'NOT_FOUND') return undefined;
    throw error;
  }
}

function checkRole({ access }: Route, who: Identity): void {
  if (access === 'invite' && who.role === 'annotator') {
    throw new AppError('AUTH_FORBIDDEN', 'This needs the token of an invite link; yours is for labeling.');
  }
  if (access !== 'invite' && who.role === 'invite') {
    throw new AppError('AUTH_FORBIDDEN', 'An invite link only lets you join; open it in a browser.');
  }
  if (access === 'owner' && who.role !== 'owner') {
    throw new AppError('AUTH_FORBIDDEN', 'This needs the token of an owner; yours is for labeling.');
  }
  if (access === 'installation' && (who.role !== 'owner' || who.projectId !== null)) {
    throw new AppError('AUTH_FORBIDDEN', 'This needs the token of an owner of all projects.');
  }
}
