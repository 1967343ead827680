/** Headstart in this process beside a Label Studio stand-in, connected or about to be. */
import { type Client, createClient } from '../../src/cli/client.ts';
import { type Running, startServer } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { temporaryFolder } from '../helpers/process.ts';
import { TEXT_CONFIG } from '../helpers/texts.ts';
import { StandIn } from './stand-in.ts';

export interface StudioWorld {
  readonly studio: StandIn;
  readonly running: Running;
  readonly client: Client;
  readonly folder: string;
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly labelConfig?: string;
  readonly base?: string;
  /** Calls to the stand-in, which is no public address, are allowed unless told otherwise. */
  readonly allowed?: boolean;
}

export async function studioWorld({
  labelConfig = TEXT_CONFIG,
  base = '',
  allowed = true,
}: WorldOptions = {}): Promise<StudioWorld> {
  const studio = new StandIn(labelConfig, base);
  await studio.start();
  const { folder, remove } = temporaryFolder();
  const flags = allowed ? { allowAddress: `127.0.0.1:${studio.port}` } : {};
  const running = await startServer(readConfig({ data: folder, port: '0', hosts: '1', log: 'silent', ...flags }, {}));
  return {
    studio,
    running,
    client: createClient(running.url, running.secret),
    folder,
    async close() {
      await running.close();
      await studio.stop();
      remove();
    },
  };
}

/** A text project of ours, and the address to paste. */
export async function connectProject(
  { client }: Pick<StudioWorld, 'client'>,
  body: Record<string, unknown> = {},
  settings: Record<string, unknown> = {},
): Promise<{ projectId: number; connectionId: number; backend: string }> {
  const project = await client.call('projectCreate', {
    body: { title: 'Mails', label_config: TEXT_CONFIG, settings: { embedder: 'lexical', ...settings } },
  });
  const made = await client.call('connectionCreate', { params: { project_id: project.id }, body });
  return { projectId: project.id, connectionId: made.id, backend: made.backend_url };
}

/** Waits until all events have taken effect. */
export async function eventsSettled({ client }: Pick<StudioWorld, 'client'>, connectionId: number): Promise<void> {
  for (;;) {
    const { waiting } = await client.call('connectionGet', { params: { connection_id: connectionId } });
    if (waiting.every((one) => one.error !== null)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export async function until(what: string, holds: () => Promise<boolean> | boolean, withinMs = 50_000): Promise<void> {
  const started = performance.now();
  while (!(await holds())) {
    if (performance.now() - started > withinMs) throw new Error(`${what}: not within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
