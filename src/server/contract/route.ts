/** What a route is: method, address, who may call it, and the shapes that go in and out. Plain data, shared with the page. */
import { type Static, type TObject, type TSchema, Type } from 'typebox';

/**
 * Who may call a route: anyone; whoever holds an invite link; whoever may label in the project that the route names; an
 * owner of that project; an owner of the whole installation.
 */
export type Access = 'public' | 'invite' | 'annotator' | 'owner' | 'installation';

/** Things that a request can name by id. Each belongs to a project, and the server checks that it is a visible one. */
export type ReferenceKind =
  | 'project'
  | 'task'
  | 'annotation'
  | 'prediction'
  | 'run'
  | 'job'
  | 'model'
  | 'token'
  | 'view'
  | 'connection';

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly access: Access;
  /** A path of Label Studio's API: what is refused here is refused as there, with 400 for whatever does not fit. */
  readonly labelStudio?: true;
  /** Chapter of the API page. */
  readonly tag: string;
  readonly summary: string;
  /** The body is handed to the handler as a stream of bytes, whatever its type. */
  readonly streams?: true;
  readonly schema: RouteSchema;
}

export interface RouteSchema {
  readonly params?: TObject;
  readonly querystring?: TObject;
  readonly body?: TSchema;
  /** The lowest status with a body is what a handler's value is sent with, unless the handler chose another. */
  readonly response: Readonly<Record<number, TSchema>>;
}

/** Marks an id: `access.ts` finds the mark and refuses what the caller may not see. */
export const REFERENCE = 'x-reference';

/** Larger integers do not survive JSON in JavaScript. */
const ID_MAX = Number.MAX_SAFE_INTEGER;

export function Id(kind: ReferenceKind) {
  return Type.Integer({ minimum: 1, maximum: ID_MAX, [REFERENCE]: kind });
}

export function NullableId(kind: ReferenceKind) {
  return Type.Union([Type.Integer({ minimum: 1, maximum: ID_MAX }), Type.Null()], { [REFERENCE]: kind });
}

/** A view of the Data Manager, or zero: the tab that everybody has. */
export function ViewId() {
  return Type.Integer({ minimum: 0, maximum: ID_MAX, [REFERENCE]: 'view' });
}

/** Marks a name in an address that belongs to no project: whoever may call the route may name it. */
export const COMMON = 'x-common';

export function CommonName(description: string) {
  return Type.String({ minLength: 1, maxLength: 200, description, [COMMON]: true });
}

/** Keeps the exact type of a route while checking its form. */
export function route<const R extends Route>(definition: R): R {
  return definition;
}

type Part<R extends Route, K extends 'params' | 'querystring' | 'body'> = R['schema'] extends {
  readonly [P in K]: infer S extends TSchema;
}
  ? Static<S>
  : undefined;

export type ParamsOf<R extends Route> = Part<R, 'params'>;
export type QueryOf<R extends Route> = Part<R, 'querystring'>;
export type BodyOf<R extends Route> = Part<R, 'body'>;
/** What a successful call answers; null stands for an empty reply. */
export type ReplyOf<R extends Route> = {
  [S in keyof R['schema']['response']]: R['schema']['response'][S] extends TSchema
    ? Static<R['schema']['response'][S]>
    : never;
}[keyof R['schema']['response']];
