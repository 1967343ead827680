/**
 * The label models of the projects in use: what votes and head together say of a task, without a fit and without reading
 * runs. A vote counts from the moment it is stored if its labeler had a say when the model was fitted; an undone run is
 * invisible at once.
 */
import { type Opinion, type VoterVote, weighVotes } from '../../consensus/index.ts';
import type { StoredLabelModel, Vote } from '../../core/domain.ts';
import type { Deps } from '../deps.ts';
import type { ProjectConfig } from '../projects/project-config.ts';
import { bodyOf, type LabelModelBody } from './label-model-body.ts';
import { type SpanWeigher, spanWeigher } from './span-suggestions.ts';
import { voterLookup } from './voters.ts';

/** Label models kept ready; they are small, and the oldest goes first. */
const KNOWN_MAX = 32;

export class LabelModels {
  readonly #deps: Deps;
  readonly #known = new Map<string, Promise<StoredLabelModel | null>>();
  readonly #ready = new WeakMap<StoredLabelModel, Weigher | SpanWeigher>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Null while nobody but the head votes, and while the model fits other labels than the config has. */
  async of(projectId: number, { control, classes }: ProjectConfig): Promise<Weigher | null> {
    const stored = control && (await this.#fitting(projectId, control.name, classes));
    return stored && this.#once(stored, () => new Weigher(stored));
  }

  /** The same for spans. */
  async ofSpans(projectId: number, { spans }: ProjectConfig): Promise<SpanWeigher | null> {
    const stored = spans && (await this.#fitting(projectId, spans.control.name, spans.labels));
    return stored && this.#once(stored, () => spanWeigher(stored, spans));
  }

  /** A new one was fitted, or there is none any more. */
  forget(projectId: number): void {
    for (const key of this.#known.keys()) if (key.startsWith(`${projectId}/`)) this.#known.delete(key);
  }

  async #fitting(projectId: number, control: string, classes: readonly string[]): Promise<StoredLabelModel | null> {
    const key = `${projectId}/${control}`;
    const stored = await (this.#known.get(key) ?? this.#read(key, projectId, control));
    return stored && sameNames(bodyOf(stored).classes, classes) ? stored : null;
  }

  #read(key: string, projectId: number, control: string): Promise<StoredLabelModel | null> {
    const reading = this.#deps.store.labelModels.get(projectId, control).then((stored) => stored ?? null);
    this.#known.set(key, reading);
    reading.catch(() => this.#known.delete(key));
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN_MAX) this.#known.delete(oldest!);
    return reading;
  }

  #once<T extends Weigher | SpanWeigher>(stored: StoredLabelModel, make: () => T): T {
    const ready = (this.#ready.get(stored) as T | undefined) ?? make();
    this.#ready.set(stored, ready);
    return ready;
  }
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}

/** A fitted label model, ready to answer. */
export class Weigher {
  readonly version: string;
  readonly createdAt: string;
  readonly #body: LabelModelBody;
  readonly #classOf: ReadonlyMap<number, number>;
  readonly #voterOf: (vote: Vote) => number | undefined;

  constructor(stored: StoredLabelModel) {
    const body = bodyOf(stored);
    this.version = stored.version;
    this.createdAt = stored.createdAt;
    this.#body = body;
    this.#classOf = new Map(body.labelIds.map((id, i) => [id, i]));
    this.#voterOf = voterLookup(body);
  }

  /** The votes of one task that count, by voter. Of several runs of a voter, the newest that says something. */
  votesOf(votes: readonly Vote[]): VoterVote[] {
    return countedVotes(votes, this.#classOf, this.#voterOf).map(({ voter, label }) => ({ voter, label }));
  }

  /** @param head (classes) calibrated probabilities, or null. Null: nobody says anything. */
  weigh(votes: readonly VoterVote[], head: ArrayLike<number> | null): Opinion | null {
    return weighVotes(this.#body.model, votes, head);
  }
}

/** Votes with their voter and class; of a voter's runs on a task only the newest. Any number of tasks. */
export function countedVotes(
  votes: readonly Vote[],
  classOf: ReadonlyMap<number, number>,
  voterOf: (vote: Vote) => number | undefined,
): { taskId: number; voter: number; label: number }[] {
  const newest = new Map<string, number>();
  const counted = votes.flatMap((vote) => {
    const [voter, label] = [voterOf(vote), classOf.get(vote.labelId)];
    if (voter === undefined || label === undefined) return [];
    // Rules are matched in one run each and kept by later ones, so every vote of theirs is the newest.
    const key = vote.labelerId === undefined ? `${vote.taskId} ${voter}` : '';
    if (key !== '') newest.set(key, Math.max(newest.get(key) ?? 0, vote.runId));
    return [{ taskId: vote.taskId, voter, label, key, runId: vote.runId }];
  });
  return counted.filter(({ key, runId }) => key === '' || newest.get(key) === runId);
}
