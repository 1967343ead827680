/** Kills servers and hosts at random moments of import, pre-labeling and annotation, and counts what is left. */
import { execFileSync } from 'node:child_process';
import { systemClock } from '../../src/core/clock.ts';
import { type Random, seededRandom } from '../../src/core/random.ts';
import { openStore } from '../../src/store/open-store.ts';
import { killProcess, type ServerProcess, startServerProcess, temporaryFolder } from '../helpers/process.ts';
import { answerOf, createTextProject, importTexts, settle } from '../helpers/project.ts';
import { makeTexts } from '../helpers/texts.ts';

export interface CrashReport {
  readonly serverKills: number;
  readonly hostKills: number;
  readonly imports: number;
  readonly tasks: number;
  readonly acknowledged: number;
  /** Acknowledged answers that are not there, or there more than once. */
  readonly lost: number;
  readonly doubled: number;
  /** Imports of which some rows are there and some are not. */
  readonly halfImports: number;
  /** Tasks that one model version voted on more than once, or not at all. */
  readonly predictedTwice: number;
  readonly unpredicted: number;
  readonly failedJobs: number;
  readonly integrityProblems: readonly string[];
}

const IMPORT_ROWS = 400;
/** A kill comes within this time after the work has begun. */
const PATIENCE_MS = 1_200;

/** Every other kill is a server's, the others are a host's. Deterministic but for the scheduler: replay with the seed. */
export async function runCrashes(kills: number, seed: number): Promise<CrashReport> {
  const random = seededRandom('crashes', seed);
  const data = temporaryFolder();
  const world = new World(data.folder);
  try {
    await world.begin();
    for (let kill = 0; kill < kills; kill++) await world.round(random, kill % 2 === 0 ? 'server' : 'host');
    return await world.report();
  } finally {
    await world.end();
    data.remove();
  }
}

class World {
  readonly #folder: string;
  #server!: ServerProcess;
  #projectId = 0;
  #imports = 0;
  #importedRows = 0;
  #halfImports = 0;
  #kills = { server: 0, host: 0 };
  /** submission id -> task, for every answer the server said it has. */
  readonly #acknowledged = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async begin(): Promise<void> {
    this.#server = await startServerProcess(this.#folder, ['--hosts', '2']);
    this.#projectId = await createTextProject(this.#server.client, { retrain_every: 10 });
    await this.#import();
    await settle(this.#server.client, this.#projectId);
  }

  /** Imports, answers and trains at once until the kill comes, then starts again and lets the jobs finish. */
  async round(random: Random, victim: 'server' | 'host'): Promise<void> {
    const before = await this.#taskCount();
    const work = Promise.allSettled([this.#import(), this.#answer(25, random), this.#train()]);
    await new Promise((resolve) => setTimeout(resolve, random.next() * PATIENCE_MS));
    this.#kills[victim] += 1;
    if (victim === 'server') {
      await this.#server.kill();
      await work;
      this.#server = await startServerProcess(this.#folder, ['--hosts', '2']);
    } else {
      for (const pid of childrenOf(this.#server.pid)) killProcess(pid);
      await work;
    }
    await settle(this.#server.client, this.#projectId);
    const arrived = (await this.#taskCount()) - before;
    if (arrived % IMPORT_ROWS !== 0) this.#halfImports += 1;
  }

  async report(): Promise<CrashReport> {
    const { client } = this.#server;
    await this.#answer(20, seededRandom('last answers', 1));
    await settle(client, this.#projectId);
    await client.call('train', { params: { project_id: this.#projectId } });
    const jobs = await settle(client, this.#projectId);
    const tasks = await this.#taskCount();
    const found = await this.#storedAnswers();
    const lost = [...this.#acknowledged.keys()].filter((key) => !found.has(key)).length;
    const doubled = [...found.values()].filter((count) => count > 1).length;
    const votes = await this.#votesByVersion();
    await this.#server.stop();
    return {
      serverKills: this.#kills.server,
      hostKills: this.#kills.host,
      imports: this.#imports,
      tasks,
      acknowledged: this.#acknowledged.size,
      lost,
      doubled,
      halfImports: this.#halfImports,
      predictedTwice: votes.twice,
      unpredicted: tasks - votes.ofActive,
      failedJobs: jobs.filter((job) => job.state === 'failed').length,
      integrityProblems: await integrityOf(this.#folder),
    };
  }

  async end(): Promise<void> {
    await this.#server.kill();
  }

  async #import(): Promise<void> {
    const texts = makeTexts(IMPORT_ROWS, this.#imports + 1);
    this.#imports += 1;
    this.#importedRows += IMPORT_ROWS;
    await importTexts(this.#server.client, this.#projectId, texts, this.#importedRows);
  }

  async #train(): Promise<void> {
    await this.#server.client.call('train', { params: { project_id: this.#projectId } });
  }

  async #answer(count: number, random: Random): Promise<void> {
    const { client } = this.#server;
    for (let i = 0; i < count; i++) {
      const item = await client.call('queueNext', { params: { project_id: this.#projectId }, query: { empty: '204' } });
      if (item === null) return;
      const key = `${this.#projectId}-${item.id}-${random.int(1e9)}`;
      const answer = await client.call('annotationCreate', {
        params: { task_id: item.id },
        body: { result: [answerOf(random.next() < 0.5 ? 'spam' : 'ham')], unique_id: key },
      });
      this.#acknowledged.set(key, answer.task);
    }
  }

  async #taskCount(): Promise<number> {
    const project = await this.#server.client.call('projectGet', { params: { project_id: this.#projectId } });
    return project.task_number;
  }

  async #storedAnswers(): Promise<Map<string, number>> {
    const { client } = this.#server;
    const found = new Map<string, number>();
    const params = { project_id: this.#projectId };
    for (let page = 1; ; page++) {
      const answers = await client.call('projectAnnotations', { params, query: { page, page_size: 1000 } });
      for (const answer of answers) found.set(answer.unique_id, (found.get(answer.unique_id) ?? 0) + 1);
      if (answers.length < 1000) return found;
    }
  }

  /** Votes per (version, task), over the standing runs. */
  async #votesByVersion(): Promise<{ twice: number; ofActive: number }> {
    const { client } = this.#server;
    const params = { project_id: this.#projectId };
    const runs = (await client.call('runList', { params })).filter(
      (run) => run.kind === 'prelabel' && run.revoked_at === null,
    );
    const active = (await client.call('modelVersions', { params })).find((version) => version.active)!;
    const seen = new Map<string, number>();
    for (const run of runs) {
      for (let after = 0; ; ) {
        const votes = await client.call('runVotes', { params: { run_id: run.id }, query: { after, limit: 1000 } });
        if (votes.length === 0) break;
        for (const vote of votes) {
          const key = `${String(run.params.versionId)}/${vote.task}`;
          seen.set(key, (seen.get(key) ?? 0) + 1);
        }
        after = votes.at(-1)!.task;
      }
    }
    return {
      twice: [...seen.values()].filter((count) => count > 1).length,
      ofActive: [...seen.keys()].filter((key) => key.startsWith(`${active.id}/`)).length,
    };
  }
}

function childrenOf(pid: number): number[] {
  try {
    const list = execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' });
    return list.split('\n').flatMap((line) => (line.trim() === '' ? [] : [Number(line)]));
  } catch {
    return [];
  }
}

async function integrityOf(folder: string): Promise<string[]> {
  const opened = await openStore({ folder, clock: systemClock });
  const problems = await opened.store.integrityProblems();
  await opened.close();
  return problems;
}
