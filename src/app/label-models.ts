/**
 * The label models of the projects in use: what votes and head together say of a task, without a fit and without reading
 * runs. A vote counts from the moment it is stored if its labeler had a say when the model was fitted; an undone run is
 * invisible at once.
 */
import { type Opinion, type SuggestionModel, type VoterVote, weighVotes } from '../consensus/index.ts';
import type { StoredLabelModel, Vote } from '../core/domain.ts';
import type { JsonObject } from '../core/json.ts';
import type { Deps } from './deps.ts';
import type { ProjectConfig } from './project-config.ts';
import { type Voters, voterLookup } from './voters.ts';

/** The labeler under which suggestions go that more than the head had a say in. */
export const LABEL_MODEL_NAME = 'label-model';

export interface LabelModelBody extends Voters {
  /** Names of the classes when it was fitted, in order, and the labels they are. */
  readonly classes: readonly string[];
  readonly labelIds: readonly number[];
  readonly model: SuggestionModel;
  /** Tasks it was fitted on, and annotated ones among them. */
  readonly tasks: number;
  readonly annotated: number;
}

export function bodyOf(stored: StoredLabelModel): LabelModelBody {
  return stored.body as unknown as LabelModelBody;
}

export function asBody(body: LabelModelBody): JsonObject {
  return body as unknown as JsonObject;
}

/** Label models kept ready; they are small, and the oldest goes first. */
const KNOWN_MAX = 32;

export class LabelModels {
  readonly #deps: Deps;
  readonly #known = new Map<number, Promise<Weigher | null>>();

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  /** Null while nobody but the head votes, and while the model fits other labels than the config has. */
  async of(projectId: number, config: ProjectConfig): Promise<Weigher | null> {
    if (config.control === null) return null;
    const known = this.#known.get(projectId);
    const weigher = await (known ?? this.#read(projectId, config.control.name));
    return weigher?.fits(config) ? weigher : null;
  }

  /** A new one was fitted, or there is none any more. */
  forget(projectId: number): void {
    this.#known.delete(projectId);
  }

  #read(projectId: number, control: string): Promise<Weigher | null> {
    const reading = this.#deps.store.labelModels
      .get(projectId, control)
      .then((stored) => (stored ? new Weigher(stored) : null));
    this.#known.set(projectId, reading);
    reading.catch(() => this.forget(projectId));
    const [oldest] = this.#known.keys();
    if (this.#known.size > KNOWN_MAX) this.#known.delete(oldest!);
    return reading;
  }
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

  fits({ classes }: ProjectConfig): boolean {
    return classes.length === this.#body.classes.length && classes.every((name, i) => name === this.#body.classes[i]);
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
