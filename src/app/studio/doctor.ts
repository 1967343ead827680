/** Looks at a connected project as Label Studio would meet it, and says in one sentence each what is wrong and what to do. */
import type { Connection } from '../../core/connection.ts';
import type { Project, Task } from '../../core/domain.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import { isJsonObject } from '../../core/json.ts';
import { checkResult, parseLabelConfig, valueAt } from '../../labelconfig/index.ts';
import type { Media } from '../../media/media.ts';
import type { Deps } from '../deps.ts';
import { found } from '../lookup.ts';
import type { ProjectConfig, ProjectConfigs } from '../projects/project-config.ts';
import type { Suggestions } from '../suggestions/suggestions.ts';
import type { StudioFinding } from './api.ts';
import { studioClient } from './client.ts';
import { tokenOf } from './connections.ts';
import { labels } from './doctor-labels.ts';
import { openStudioMedia } from './media.ts';
import type { SuggestionVersions } from './version.ts';

/** Tasks that are looked at closely. */
const SAMPLE = 20;
const MEDIA_SAMPLE = 3;
/** Label Studio's own limit for one `predict` call. */
const STUDIO_PREDICT_MS = 100_000;
/** For all that is asked over there: somebody waits for the findings, and that there is no answer is one. */
const ANSWER_MS = 10_000;

export interface DoctorParts {
  readonly deps: Deps;
  readonly configs: ProjectConfigs;
  readonly suggestions: Suggestions;
  readonly versions: SuggestionVersions;
}

export async function examine(parts: DoctorParts, connection: Connection): Promise<StudioFinding[]> {
  const { store } = parts.deps;
  const project = await found('project', connection.projectId, store.projects.get(connection.projectId));
  const config = parts.configs.of(project);
  const rows = await store.studio.page(connection.id, 0, SAMPLE);
  const tasks = (await Promise.all(rows.map((row) => store.tasks.get(row.taskId!)))).filter(
    (task) => task !== undefined,
  );
  const limit = AbortSignal.timeout(ANSWER_MS);
  return [
    ...address(connection),
    ...(await server(parts, connection, project, limit)),
    ...labels(parts.deps.library, config, project),
    await suggestions(parts, project),
    await regions(parts, project, config, tasks),
    ...(await media(parts, connection, config, tasks, limit)),
    await time(parts, connection, project),
    await events(parts, connection),
  ];
}

function finding(part: string, problem: string | null, fine: string): StudioFinding {
  return { part, ok: problem === null, sentence: problem ?? fine };
}

function address({ url, offeredUrl }: Connection): StudioFinding[] {
  if (offeredUrl === null || offeredUrl === url) return [];
  const what =
    url === null
      ? `Label Studio calls itself ${offeredUrl}; accept this address if it is yours, so that predictions can be sent there.`
      : `Label Studio calls itself ${offeredUrl}, but you connected ${url}; set LABEL_STUDIO_HOST there, or accept the new address here.`;
  return [{ part: 'address', ok: false, sentence: what }];
}

async function server(
  { deps }: DoctorParts,
  connection: Connection,
  project: Project,
  limit: AbortSignal,
): Promise<StudioFinding[]> {
  if (connection.url === null || tokenOf(connection) === null) {
    const sentence =
      'Nothing is sent to Label Studio: give its address and a token, and late predictions and syncs will reach it.';
    return [{ part: 'server', ok: false, sentence }];
  }
  if (connection.studioProject === null) {
    return [{ part: 'server', ok: false, sentence: 'The number of the Label Studio project is not known; give it.' }];
  }
  try {
    const client = studioClient(deps.fetch, connection, limit);
    const theirs = await client.get(`/api/projects/${connection.studioProject}/`);
    const xml = isJsonObject(theirs) ? theirs.label_config : undefined;
    const same = typeof xml !== 'string' || sameConfig(xml, project.labelConfig);
    return [
      { part: 'server', ok: true, sentence: `Label Studio answers at ${connection.url} and takes the token.` },
      finding(
        'label config',
        same ? null : 'The label configs of the two projects differ; run a sync to take over the one of Label Studio.',
        'Both projects have the same label config.',
      ),
    ];
  } catch (error) {
    const { code, message } = toAppError(error);
    if (code === 'MEDIA_FORBIDDEN') return [{ part: 'server', ok: false, sentence: message }];
    const advice =
      code === 'STUDIO_REFUSED'
        ? 'check the token and the number of the project'
        : 'check that it runs and that this machine can reach it';
    return [{ part: 'server', ok: false, sentence: `${message.replace(/\.$/, '')}: ${advice}.` }];
  }
}

function sameConfig(theirs: string, ours: string): boolean {
  if (theirs === ours) return true;
  try {
    const [a, b] = [parseLabelConfig(theirs), parseLabelConfig(ours)];
    const shape = (config: typeof a) =>
      JSON.stringify(config.controls.map((one) => [one.name, one.type, one.labels.map((label) => label.name)]));
    return shape(a) === shape(b);
  } catch {
    return false;
  }
}

async function suggestions({ deps, versions }: DoctorParts, project: Project): Promise<StudioFinding> {
  const { suggests, name } = await versions.of(project.id);
  const { labeledTasks } = await deps.store.projects.counts(project.id);
  const left = Math.max(0, project.settings.retrainEvery - labeledTasks);
  const problem = suggests
    ? null
    : left > 0
      ? `Nothing suggests yet: label ${left} more ${left === 1 ? 'task' : 'tasks'}, or write a rule.`
      : 'Nothing suggests yet although there are answers: press Start training, and look at the job for the reason.';
  return finding('suggestions', problem, `Suggestions are of version ${name}.`);
}

async function regions(
  parts: DoctorParts,
  project: Project,
  config: ProjectConfig,
  tasks: readonly Task[],
): Promise<StudioFinding> {
  const views = await parts.suggestions.current(project.id, tasks);
  for (const view of views) {
    const task = tasks.find((one) => one.id === view.taskId)!;
    const problem = checkResult(config.parsed, task, view.result).problems.find((one) => !one.repaired);
    if (problem) {
      const sentence = `A region of task ${task.id} is left out because Label Studio would refuse it: ${problem.message}`;
      return { part: 'regions', ok: false, sentence };
    }
  }
  return { part: 'regions', ok: true, sentence: `${views.length} predictions of a sample fit the label config.` };
}

const MEDIA_KINDS: readonly string[] = ['image', 'audio', 'video', 'document', 'timeseries'];

/** The first task of a sample whose media fail, with the step at which they do. */
async function media(
  { deps }: DoctorParts,
  connection: Connection,
  { parsed }: ProjectConfig,
  tasks: readonly Task[],
  limit: AbortSignal,
): Promise<StudioFinding[]> {
  const fields = parsed.objects.flatMap(({ kind, field }) =>
    MEDIA_KINDS.includes(kind) && field !== null ? [field] : [],
  );
  if (fields.length === 0 || tasks.length === 0) return [];
  for (const task of tasks.slice(0, MEDIA_SAMPLE)) {
    for (const field of fields) {
      const value = valueAt(task.data, field);
      const reference = Array.isArray(value) ? value[0] : value;
      if (typeof reference !== 'string') continue;
      try {
        await inTime(openStudioMedia(deps, connection, reference), limit);
      } catch (error) {
        const { message } = toAppError(error);
        return [{ part: 'media', ok: false, sentence: `"${field}" of task ${task.id} cannot be read: ${message}` }];
      }
    }
  }
  return [{ part: 'media', ok: true, sentence: 'Media of a sample can be read.' }];
}

/** Whoever else reads the file may go on waiting for it: what is being fetched is not broken off. */
async function inTime(opening: Promise<Media>, limit: AbortSignal): Promise<void> {
  const opened = opening.then((one) => one.close());
  let late = (): void => undefined;
  const tooLate = new Promise<never>((_, reject) => {
    late = () => reject(new AppError('MEDIA_FETCH', `it was not there within ${ANSWER_MS / 1000} s.`));
    if (limit.aborted) late();
    limit.addEventListener('abort', late);
  });
  await Promise.race([opened, tooLate]).finally(() => limit.removeEventListener('abort', late));
}

async function time({ deps }: DoctorParts, connection: Connection, project: Project): Promise<StudioFinding> {
  const { tasks } = await deps.store.projects.counts(project.id);
  const models = deps.inference.status().models.filter((model) => model.itemsPerSecond > 0);
  const speed = models.find((model) => model.id.startsWith(`${project.settings.embedder}@`))?.itemsPerSecond;
  if (speed === undefined || tasks === 0) {
    return {
      part: 'time',
      ok: true,
      sentence: `Every call is answered within ${connection.settings.deadlineMs / 1000} s.`,
    };
  }
  const seconds = tasks / speed;
  const late = seconds * 1000 > STUDIO_PREDICT_MS;
  return finding(
    'time',
    late
      ? `All ${tasks} tasks take about ${Math.round(seconds)} s at first, longer than Label Studio waits; what is late is sent afterwards if address and token are known.`
      : null,
    `All ${tasks} tasks take about ${Math.max(1, Math.round(seconds))} s at first, less than Label Studio waits.`,
  );
}

async function events({ deps }: DoctorParts, connection: Connection): Promise<StudioFinding> {
  const waiting = await deps.store.studio.waiting(connection.id);
  const failed = waiting.find((row) => row.error !== null);
  return finding(
    'events',
    failed
      ? `${waiting.length} events have not taken effect; the oldest failed because: ${failed.error} A sync catches up.`
      : null,
    waiting.length === 0 ? 'All events have taken effect.' : `${waiting.length} events are being worked off.`,
  );
}
