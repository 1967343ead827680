/** `headstart demo`: a project of 1,000 real mails to try everything on, or to measure the policy without people. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { readConfig } from '../../config.ts';
import { makeChoicesConfig, renderLabelConfig } from '../../labelconfig/index.ts';
import { startServer } from '../../local-server.ts';
import { type Client, createClient } from '../client.ts';
import { runHeadless } from '../demo/headless.ts';
import { DEMO_LABELS, loadMails, type Mail } from '../demo/mails.ts';
import { positive, withAddress, withCommon } from '../flags.ts';
import { reportError } from '../output.ts';
import { watchJobs, watchUntil } from '../progress.ts';
import { type CommonFlags, wantsJson } from '../session.ts';
import { stopSignal } from './serve.ts';

interface DemoFlags extends CommonFlags {
  readonly headless?: boolean;
  readonly labels: number;
  readonly seeds: number;
}

const TITLE = 'Demo: spam or ham?';

export function addDemo(program: Command): void {
  withAddress(withCommon(program.command('demo')))
    .description('try it on 1,000 real e-mails')
    .option('--headless', 'no page: answer from the gold labels in a temporary folder and report')
    .option('--labels <number>', 'labels per trial, with --headless', positive, 100)
    .option('--seeds <number>', 'paired trials, with --headless', positive, 20)
    .action(async (flags: DemoFlags) => {
      try {
        await (flags.headless ? headless(flags) : interactive(flags));
      } catch (error) {
        reportError(error, wantsJson(flags));
      }
    });
}

async function interactive(flags: DemoFlags): Promise<void> {
  const running = await startServer(readConfig({ data: join(tmpdir(), 'headstart-demo'), ...flags }));
  try {
    const client = createClient(running.url, running.secret);
    const projectId = (await demoProject(client)) ?? (await createDemo(client, await loadMails()));
    const url = `${running.url}/projects/${projectId}`;
    process.stdout.write(wantsJson(flags) ? `${JSON.stringify({ url })}\n` : `Start labeling at ${url}\n`);
    await watchUntil(stopSignal(), client, projectId);
  } finally {
    await running.close();
  }
}

async function headless(flags: DemoFlags): Promise<void> {
  const startedAt = Date.now();
  const data = await mkdtemp(join(tmpdir(), 'headstart-headless-'));
  try {
    const running = await startServer(readConfig({ ...flags, data, host: '127.0.0.1', port: '0' }));
    try {
      const client = createClient(running.url, running.secret);
      const mails = await loadMails();
      const projectId = await createDemo(client, mails);
      await watchJobs(client, projectId);
      const report = await runHeadless(client, projectId, mails, { ...flags, startedAt });
      process.stdout.write(`${JSON.stringify(report)}\n`);
    } finally {
      await running.close();
    }
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}

/** The demo project of an earlier start, with the answers given then. */
async function demoProject(client: Client): Promise<number | undefined> {
  const { results } = await client.call('projectList', { query: {} });
  return results.find((project) => project.title === TITLE)?.id;
}

async function createDemo(client: Client, mails: readonly Mail[]): Promise<number> {
  const config = makeChoicesConfig({ labels: DEMO_LABELS, field: 'text', title: 'Is this mail spam?' });
  const project = await client.call('projectCreate', {
    body: {
      title: TITLE,
      description: '1,000 real e-mails of the SpamAssassin corpus',
      label_config: renderLabelConfig(config),
      expert_instruction: 'Spam is mail nobody asked for. Newsletters that somebody subscribed to are ham.',
    },
  });
  const tasks = mails.map(({ text }, i) => ({ id: i + 1, data: { text } }));
  const body = (async function* () {
    yield Buffer.from(JSON.stringify(tasks));
  })();
  await client.upload('projectImport', { params: { project_id: project.id }, query: { name: 'mails.json' } }, body);
  return project.id;
}
