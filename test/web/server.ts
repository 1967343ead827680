/** The real server as its own process over a temporary data folder: started, killed, started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Body, Reply, RouteName } from '../../src/server/contract/index.ts';

const main = join(import.meta.dirname, '../../dist/cli/main.js');

export class ServerProcess {
  readonly folder = mkdtempSync(join(tmpdir(), 'headstart-web-'));
  readonly #flags: readonly string[];
  #child: ChildProcess | null = null;
  #port = 0;

  /** `flags` of `serve`. */
  constructor(flags: readonly string[] = []) {
    this.#flags = flags;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Always on the same port, so that an open page finds it again. */
  async start(): Promise<void> {
    this.#port ||= await freePort();
    const flags = [
      'serve',
      '--data',
      this.folder,
      '--port',
      String(this.#port),
      '--hosts',
      '1',
      '--log',
      'error',
      ...this.#flags,
    ];
    const child = spawn(process.execPath, [main, ...flags], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    await new Promise<void>((resolve, reject) => {
      child.stdout.once('data', () => resolve());
      child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it listened`)));
    });
  }

  /** As a power cut would: nothing is flushed, nothing is closed. */
  async kill(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(signal);
    await ended;
  }

  async remove(): Promise<void> {
    await this.kill('SIGTERM');
    rmSync(this.folder, { recursive: true, force: true });
  }

  async call<K extends RouteName>(_name: K, method: string, path: string, body?: Body<K>): Promise<Reply<K>> {
    const init: RequestInit = { method };
    if (body !== undefined) {
      init.body = JSON.stringify(body);
      init.headers = { 'content-type': 'application/json' };
    }
    const response = await fetch(this.url + path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return (text === '' ? null : JSON.parse(text)) as Reply<K>;
  }

  /** A project with these texts, on the instant embedder so that nothing heavy runs beside the browser. */
  async project(input: ProjectInput): Promise<number> {
    const { id } = await this.call('projectCreate', 'POST', '/api/projects', {
      title: input.title,
      label_config: input.config ?? choicesConfig(input.labels ?? ['spam', 'ham']),
      ...(input.instruction === undefined ? {} : { expert_instruction: input.instruction }),
      settings: { embedder: 'lexical', blind_share: 0, ...input.settings },
    });
    const rows = (input.rows ?? input.texts.map((text) => ({ text }))).map((row) => JSON.stringify(row)).join('\n');
    const response = await fetch(`${this.url}/api/projects/${id}/import?name=rows.jsonl`, {
      method: 'POST',
      body: rows,
    });
    if (!response.ok) throw new Error(await response.text());
    return id;
  }

  /**
   * Waits until a model that was trained serves. It is asked for, because a training that came by itself before there were
   * enough answers is followed by the next one only some answers later.
   */
  async model(projectId: number): Promise<void> {
    const path = `/api/projects/${projectId}`;
    while (!(await this.call('modelVersions', 'GET', `${path}/models`)).some((one) => one.active)) {
      await this.call('train', 'POST', `${path}/train`);
      await sleep(200);
    }
  }

  /** Waits until the project has no job left. */
  async settled(projectId: number): Promise<void> {
    const coming = (state: string): boolean => state === 'queued' || state === 'running';
    const jobs = () => this.call('jobList', 'GET', `/api/jobs?project=${projectId}&limit=200`);
    while ((await jobs()).some(({ state }) => coming(state))) await sleep(50);
  }

  annotations(projectId: number): Promise<Reply<'projectAnnotations'>> {
    return this.call('projectAnnotations', 'GET', `/api/projects/${projectId}/annotations?page_size=1000`);
  }
}

interface ProjectInput {
  readonly title: string;
  readonly texts: readonly string[];
  /** Tasks that show something else than texts. */
  readonly rows?: readonly Readonly<Record<string, string>>[];
  readonly labels?: readonly string[];
  readonly config?: string;
  readonly instruction?: string;
  readonly settings?: NonNullable<NonNullable<Body<'projectCreate'>>['settings']>;
}

export function choicesConfig(labels: readonly string[], choice = 'single'): string {
  const attribute = (value: string) => value.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
  const choices = labels.map((label) => `<Choice value="${attribute(label)}"/>`).join('');
  return `<View><Text name="text" value="$text"/><Choices name="label" toName="text" choice="${choice}">${choices}</Choices></View>`;
}

/** The labels of an annotation or prediction. */
export function labelsOf(result: readonly { readonly [key: string]: unknown }[]): string[] {
  return result.flatMap((region) => (region.value as { choices?: string[] }).choices ?? []);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
