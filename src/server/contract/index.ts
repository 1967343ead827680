/** The whole API as data. The page imports this file as types only; the server binds a handler to each route. */
import { dataManagerRoutes } from './data-manager.ts';
import { importRoutes } from './imports.ts';
import { learningRoutes } from './learning.ts';
import { libraryRoutes } from './library.ts';
import { mapRoutes } from './map.ts';
import { mediaRoutes } from './media.ts';
import { peopleRoutes } from './people.ts';
import { projectRoutes } from './projects.ts';
import { promotionRoutes } from './promotion.ts';
import type { BodyOf, ParamsOf, QueryOf, ReplyOf } from './route.ts';
import { ruleRoutes } from './rules.ts';
import { scriptRoutes } from './scripts.ts';
import { servingRoutes } from './serving.ts';
import { spreadRoutes } from './spread.ts';
import { studioRoutes } from './studio.ts';
import { taskRoutes } from './tasks.ts';
import { workRoutes } from './work.ts';

export const api = {
  ...projectRoutes,
  ...taskRoutes,
  ...mediaRoutes,
  ...workRoutes,
  ...learningRoutes,
  ...mapRoutes,
  ...libraryRoutes,
  ...ruleRoutes,
  ...promotionRoutes,
  ...spreadRoutes,
  ...peopleRoutes,
  ...servingRoutes,
  ...studioRoutes,
  ...scriptRoutes,
  ...importRoutes,
  ...dataManagerRoutes,
};

export type Api = typeof api;
export type RouteName = keyof Api;
export type Params<K extends RouteName> = ParamsOf<Api[K]>;
export type Query<K extends RouteName> = QueryOf<Api[K]>;
export type Body<K extends RouteName> = BodyOf<Api[K]>;
export type Reply<K extends RouteName> = ReplyOf<Api[K]>;

export type * from './shapes.ts';
