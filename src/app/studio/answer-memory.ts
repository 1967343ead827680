/** Items of replies kept in memory: what a page of Label Studio asks for again and again. */
import { isJsonObject, isTooDeep, type Json, type JsonObject } from '../../core/json.ts';

/** All connections together, by the characters of their tasks and items. */
const CHARS_MAX = 64_000_000;

interface Known {
  /** The data it was said of. */
  readonly data: JsonObject;
  readonly chars: number;
  readonly version: string;
  readonly item: string;
}

/** Of one connection: by the number of the task, the longest unchanged first. */
interface Share {
  readonly known: Map<Json, Known>;
  chars: number;
}

/** What is too much goes from the connection that holds the most, so that a large project leaves room for the others. */
export class AnswerMemory {
  readonly #charsMax: number;
  readonly #shares = new Map<number, Share>();
  #chars = 0;

  constructor(charsMax = CHARS_MAX) {
    this.#charsMax = charsMax;
  }

  /** The item for a task as it is sent; undefined for other data, and another version, than it was made from. */
  recall(connectionId: number, task: unknown, version: string): string | undefined {
    const share = this.#shares.get(connectionId);
    if (share === undefined || !isJsonObject(task)) return undefined;
    const one = share.known.get(task.id ?? null);
    if (one === undefined || one.version !== version) return undefined;
    return isSame(one.data, task.data) ? one.item : undefined;
  }

  keep(connectionId: number, task: JsonObject, version: string, item: string): void {
    const share = this.#shares.get(connectionId) ?? { known: new Map<Json, Known>(), chars: 0 };
    this.#shares.set(connectionId, share);
    this.#drop(share, task.id!);
    const data = isJsonObject(task.data) ? task.data : {};
    const chars = JSON.stringify(data).length + item.length;
    share.known.set(task.id!, { data, chars, version, item });
    share.chars += chars;
    this.#chars += chars;
    while (this.#chars > this.#charsMax) {
      const largest = [...this.#shares.values()].reduce((a, b) => (b.chars > a.chars ? b : a));
      this.#drop(largest, largest.known.keys().next().value!);
    }
  }

  forget(connectionId: number): void {
    this.#chars -= this.#shares.get(connectionId)?.chars ?? 0;
    this.#shares.delete(connectionId);
  }

  #drop(share: Share, task: Json): void {
    const chars = share.known.get(task)?.chars ?? 0;
    share.known.delete(task);
    share.chars -= chars;
    this.#chars -= chars;
  }
}

/** Text by text, because most data are a few texts and writing them down costs more than comparing them. */
function isSame(known: JsonObject, given: Json | undefined): boolean {
  if (!isJsonObject(given)) return false;
  let fields = 0;
  for (const key in given) {
    fields += 1;
    if (known[key] === given[key]) continue;
    if (typeof known[key] !== 'object' || typeof given[key] !== 'object') return false;
    if (isTooDeep(given[key]!)) return false;
    if (JSON.stringify(known[key]) !== JSON.stringify(given[key])) return false;
  }
  return fields === Object.keys(known).length;
}
