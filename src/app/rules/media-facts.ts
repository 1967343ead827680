/**
 * Facts of the pictures and sounds that tasks show: found out once per file, kept with the task, read by rules. Sizes and
 * durations stand in the header of a file; colours cost decoding it, which happens in the hosts.
 */
import type { Task } from '../../core/domain.ts';
import { AppError, type PlainError, toAppError } from '../../core/errors.ts';
import { take } from '../../core/iterate.ts';
import { type Json, type JsonObject, stableHash } from '../../core/json.ts';
import { valueAt } from '../../labelconfig/index.ts';
import type { MediaHeader } from '../../media/header.ts';
import type { FactOf } from '../../rules/index.ts';
import type { MediaFactRow } from '../../store/ports/media.ts';
import type { Deps } from '../deps.ts';
import { itemGroups } from '../jobs/inference-items.ts';
import { throwIfStopped, unlessStopped } from '../jobs/job-runner.ts';
import type { ProjectConfig } from '../projects/project-config.ts';

/** Name of the model that averages colours: pictures are decoded in its host. */
const IMAGE_FACTS = 'image-facts';
/** Files opened at the same time: as many as models are fed with. */
const READS_AT_ONCE = 4;
/** Colours are rounded to hundredths of a level: scaling and codecs differ beyond. */
const LEVEL_PARTS = 100;

/** Where a task shows the picture or sound whose facts are meant. */
export interface FactSource {
  readonly kind: FactOf;
  readonly field: string;
}

/** What the control that rules vote for shows; else the first picture or sound of the config; null without any. */
export function factSourceOf({ parsed, control }: Pick<ProjectConfig, 'parsed' | 'control'>): FactSource | null {
  const sources = parsed.objects.flatMap(({ name, kind, field }) =>
    (kind === 'image' || kind === 'audio') && field !== null ? [{ name, kind, field } as const] : [],
  );
  const found = sources.find(({ name }) => control?.toName.includes(name)) ?? sources[0];
  return found === undefined ? null : { kind: found.kind, field: found.field };
}

/** What the task points to; of a list the first. */
export function referenceIn(data: JsonObject, field: string): string | null {
  const value = valueAt(data, field);
  const first = Array.isArray(value) ? (value as readonly Json[])[0] : value;
  return typeof first === 'string' && first !== '' ? first : null;
}

type NewRow = Omit<MediaFactRow, 'createdAt'>;

export interface Wanted {
  readonly source: FactSource;
  /** Colours and brightness too. */
  readonly pixels: boolean;
}

/** What the pixels of a file say, or why they cannot be read. */
interface Look {
  readonly facts: JsonObject;
  readonly error: AppError | null;
}

export interface Learning extends Wanted {
  readonly signal: AbortSignal;
  /** By version: what this job has seen already. Tasks that show the same picture do not have it decoded again. */
  readonly seen: Map<string, Look>;
}

/** Four numbers each: some megabytes. */
const SEEN_MAX = 50_000;

/**
 * Looks at the files of these tasks and keeps what has changed since the last look. Returns the tasks about which
 * something could not be found out, with the reason.
 */
export async function learnFacts(
  deps: Pick<Deps, 'store' | 'media' | 'inference'>,
  tasks: readonly Task[],
  { source, pixels, signal, seen }: Learning,
): Promise<ReadonlyMap<number, AppError>> {
  const { store } = deps;
  const colours = pixels && source.kind === 'image';
  const known = new Map((await store.mediaFacts.ofTasks(tasks.map((task) => task.id))).map((row) => [row.taskId, row]));
  const rows = new Map<number, NewRow>();
  const fresh: Task[] = [];
  for (let at = 0; at < tasks.length; at += READS_AT_ONCE) {
    const some = tasks.slice(at, at + READS_AT_ONCE);
    const looks = Promise.all(some.map((task) => lookAt(deps, source, task)));
    for (const [i, row] of (await unlessStopped(signal, looks)).entries()) {
      const before = known.get(row.taskId);
      if (before !== undefined && isStill(before, row, colours)) rows.set(row.taskId, before);
      else {
        rows.set(row.taskId, row);
        fresh.push(some[i]!);
      }
    }
  }
  if (colours) await addColours(deps, fresh, rows, { source, signal, seen });
  await store.mediaFacts.put(fresh.map(({ id }) => rows.get(id)!));
  return new Map(
    [...rows.values()].flatMap(({ taskId, problem }) => (problem ? [[taskId, AppError.fromPlain(problem)]] : [])),
  );
}

/** To the rows of tasks whose picture could be opened. */
async function addColours(
  deps: Pick<Deps, 'store' | 'media' | 'inference'>,
  tasks: readonly Task[],
  rows: Map<number, NewRow>,
  { source, signal, seen }: Omit<Learning, 'pixels'>,
): Promise<void> {
  const shown = tasks.map((task) => ({ task, row: rows.get(task.id)! })).filter(({ row }) => row.version !== '');
  const unseen = new Map(shown.flatMap(({ task, row }) => (seen.has(row.version) ? [] : [[row.version, task]])));
  for (const version of unseen.keys()) {
    const known = await knownLook(deps, version);
    if (known === null) continue;
    seen.set(version, known);
    unseen.delete(version);
  }
  await lookAtPixels(deps, unseen, source, seen, signal);
  for (const { row } of shown) {
    const { facts, error } = seen.get(row.version)!;
    rows.set(row.taskId, { ...row, facts: { ...row.facts, ...facts }, problem: error?.toPlain() ?? row.problem });
  }
  forget(seen);
}

/** What an earlier job has seen in the file, be it by another task. */
async function knownLook({ store }: Pick<Deps, 'store'>, version: string): Promise<Look | null> {
  const row = await store.mediaFacts.ofVersion(version);
  if (row === undefined || !hasColours(row.facts) || isPassing(row.problem)) return null;
  const { mean_color, brightness } = row.facts as { mean_color: Json; brightness: Json };
  // Without colours, the problem is that they cannot be read.
  const error = brightness === null && row.problem !== null ? AppError.fromPlain(row.problem) : null;
  return { facts: { mean_color, brightness }, error };
}

/** Has the row all that is wanted, of the same file? What could not be fetched this once does not undo what is known. */
function isStill(before: MediaFactRow, now: NewRow, colours: boolean): boolean {
  if (before.reference !== now.reference || before.version === '' || isPassing(before.problem)) return false;
  if (now.version === '') return isPassing(now.problem);
  return before.version === now.version && (!colours || hasColours(before.facts));
}

function isPassing(problem: PlainError | null): boolean {
  return problem !== null && AppError.fromPlain(problem).retryable;
}

function hasColours(facts: JsonObject): boolean {
  return Object.hasOwn(facts, 'brightness');
}

async function lookAt({ media }: Pick<Deps, 'media'>, source: FactSource, task: Task): Promise<NewRow> {
  const reference = referenceIn(task.data, source.field);
  const row = { taskId: task.id, reference: referenceHash(reference), version: '', facts: {} };
  const failed = (error: AppError): NewRow => ({ ...row, problem: error.toPlain() });
  if (reference === null) {
    return failed(new AppError('BACKEND_BAD_ITEM', `The task shows no ${source.kind} in '${source.field}'.`));
  }
  try {
    const { kind, type, version, header } = await media.stat(reference, task.projectId);
    if (kind !== source.kind) {
      const message = `The task shows a file of type ${type}, wanted is ${source.kind}.`;
      return failed(new AppError('BACKEND_BAD_ITEM', message));
    }
    const facts = headerFacts(header, kind);
    const missing = Object.keys(facts).filter((name) => facts[name] === null);
    const problem =
      missing.length === 0
        ? null
        : new AppError('MEDIA_BAD_FILE', `The file (${type}) does not say its ${missing.join(', ')}.`).toPlain();
    return { ...row, version, facts, problem };
  } catch (error) {
    return failed(toAppError(error));
  }
}

/** Null for what the file should say and does not. */
function headerFacts({ width, height, exif, seconds, sampleRate }: MediaHeader, kind: FactOf): JsonObject {
  if (kind === 'audio') return { duration: seconds, sample_rate: sampleRate };
  return { width, height, exif: exif ?? {} };
}

/** Each version once, by a task that shows it. */
async function lookAtPixels(
  { media, inference }: Pick<Deps, 'media' | 'inference'>,
  unseen: ReadonlyMap<string, Task>,
  { field }: FactSource,
  seen: Map<string, Look>,
  signal: AbortSignal,
): Promise<void> {
  const versionOf = new Map([...unseen].map(([version, { id }]) => [id, version]));
  const see = (taskId: number, look: Look): void => void seen.set(versionOf.get(taskId)!, look);
  const unknown = { mean_color: null, brightness: null };
  const look = { input: 'image' as const, textOf: () => null, mediaOf: (data: JsonObject) => referenceIn(data, field) };
  for await (const group of itemGroups(media, look, [...unseen.values()], signal)) {
    throwIfStopped(signal);
    for (const { taskId, error } of group.failed) see(taskId, { facts: unknown, error });
    if (group.items.length === 0) continue;
    const { outputs, failed } = await inference.run(IMAGE_FACTS, group.items, { lane: 'bulk', signal });
    const broken = new Map(failed.map(({ index, error }) => [index, AppError.fromPlain(error)]));
    const { data, width } = outputs.colour!;
    for (const [i, { id }] of group.tasks.entries()) {
      const [red, green, blue, brightness] = [...data.subarray(i * width, (i + 1) * width)].map(rounded);
      const facts = { mean_color: [red!, green!, blue!], brightness: brightness! };
      see(id, broken.has(i) ? { facts: unknown, error: broken.get(i)! } : { facts, error: null });
    }
  }
}

/** What may go better the next time, and the oldest beyond the limit. */
function forget(seen: Map<string, Look>): void {
  for (const [version, { error }] of seen) if (error?.retryable) seen.delete(version);
  for (const version of take(seen.keys(), seen.size - SEEN_MAX)) seen.delete(version);
}

function rounded(level: number): number {
  return Math.round(level * LEVEL_PARTS) / LEVEL_PARTS;
}

function referenceHash(reference: string | null): string {
  return reference === null ? '' : stableHash(reference).slice(0, 32);
}

/** What is known of these tasks, without opening a file. */
export interface KnownFacts {
  readonly facts: ReadonlyMap<number, JsonObject>;
  /** Tasks whose files nobody has looked at yet, or not for all that is asked. */
  readonly waiting: readonly number[];
  /** Tasks about which something could not be found out. */
  readonly unreadable: readonly { readonly taskId: number; readonly reason: string; readonly since: string }[];
}

export async function knownFacts(
  { store }: Pick<Deps, 'store'>,
  tasks: readonly Pick<Task, 'id' | 'data'>[],
  { source, pixels }: Wanted,
): Promise<KnownFacts> {
  const rows = new Map((await store.mediaFacts.ofTasks(tasks.map((task) => task.id))).map((row) => [row.taskId, row]));
  const facts = new Map<number, JsonObject>();
  const waiting: number[] = [];
  const unreadable: { taskId: number; reason: string; since: string }[] = [];
  const colours = pixels && source.kind === 'image';
  for (const { id, data } of tasks) {
    const row = rows.get(id);
    const isOf = row?.reference === referenceHash(referenceIn(data, source.field));
    if (row === undefined || !isOf || (colours && !hasColours(row.facts) && row.version !== '')) {
      waiting.push(id);
      continue;
    }
    facts.set(id, row.facts);
    if (row.problem) unreadable.push({ taskId: id, reason: row.problem.message, since: row.createdAt });
  }
  return { facts, waiting, unreadable };
}
