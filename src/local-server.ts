/** How commands find or become a server, without loading the whole house for a verb that only asks a running one. */
import type { Running } from './compose.ts';
import type { Config } from './config.ts';

export { runningServer } from './store/folder.ts';

/** `startServer` of the composition root, loaded when it is needed. */
export async function startServer(config: Config): Promise<Running> {
  const compose = await import('./compose.ts');
  return compose.startServer(config);
}
