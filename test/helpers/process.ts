/** Real servers for end-to-end tests: the compiled command line in a process of its own, on a free loopback port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { type Client, createClient } from '../../src/cli/client.ts';
import { runningServer } from '../../src/store/open-store.ts';

export const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js');

export interface ServerProcess {
  readonly client: Client;
  readonly url: string;
  readonly pid: number;
  /** Everything the server wrote to its log. */
  log(): string;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGTERM and an orderly end. Throws when the exit code is not 0. */
  stop(): Promise<void>;
}

/** SIGKILL for one that may have ended by itself meanwhile: it is listed until its last words are read. */
export function killProcess(pid: number): void {
  // Nothing else is a process: 0 and below stand for all of a group, or for all.
  if (pid <= 0) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has.
  }
}

export function temporaryFolder(): { folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'headstart-test-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** `under` is put before the command: a shell that sets limits, for instance. */
export async function startServerProcess(
  folder: string,
  args: readonly string[] = [],
  under: readonly string[] = [],
): Promise<ServerProcess> {
  const [program = process.execPath, ...rest] = [...under, process.execPath, MAIN];
  const child = spawn(
    program,
    [...rest, 'serve', '--data', folder, '--port', '0', '--json', '--log', 'info', ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    log += text;
  });
  const ended = new Promise<number | null>((done) => child.on('exit', done));
  const url = await firstUrl(child, () => log);
  const secret = runningServer(folder)!.secret;
  return {
    client: createClient(url, secret),
    url,
    pid: child.pid!,
    log: () => log,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      const code = await ended;
      if (code !== 0) throw new Error(`the server ended with ${code}:\n${log}`);
    },
  };
}

async function firstUrl(child: ChildProcess, log: () => string): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) return (JSON.parse(line) as { url: string }).url;
  throw new Error(`the server did not start:\n${log()}`);
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one verb of the command line to its end. */
export async function runCommand(args: readonly string[], folder: string): Promise<CommandResult> {
  const child = spawn(process.execPath, [MAIN, ...args, '--data', folder], { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  const code = await new Promise<number | null>((done) => child.on('close', done));
  return { code, ...output };
}
