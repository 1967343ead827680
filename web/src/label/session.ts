/**
 * One annotator at work: the item on the screen, the next ones already here, and what was answered.
 *
 * Answers move the page on at once and go to the outbox; the server's yes comes later. The session outlives the page
 * component, so a look at another page costs neither the place nor the leases.
 */
import { api } from '../api.ts';
import { ApiProblem, sentenceOf } from '../http.ts';
import { currentToken } from '../identity.ts';
import type { Entry } from '../outbox.ts';
import { newSubmissionId, outbox } from '../sender.ts';
import type { CorrectionBody, NextItem } from '../wire.ts';
import { type Answer, bodyOf, type Given, idsOf, type Reopened, type Snapshot } from './answer.ts';
import { VisibleClock } from './clock.ts';
import { announceHeld, heldElsewhere, withdrawHeld } from './tabs.ts';

/** Items held beyond the one on the screen. */
const PREFETCH = 3;
const HISTORY = 10;
/** Answers that the server does not take (a full disk, say) must not pile up unseen; `exclude` takes 200 ids. */
const UNSAVED_MAX = 100;
const POLL_MS = 2_000;
/** A lease this close to its end is renewed, or given up if the item is not on the screen. */
const LEASE_MARGIN_MS = 45_000;
const RATE_WINDOW_MS = 5 * 60_000;

export class LabelSession {
  readonly projectId: number;
  readonly #clock = new VisibleClock();
  readonly #listeners = new Set<() => void>();
  #snapshot: Snapshot = {
    current: null,
    upcoming: [],
    reopened: null,
    given: [],
    answered: 0,
    state: 'filling',
    problem: '',
  };
  #filling = false;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(projectId: number) {
    this.projectId = projectId;
  }

  readonly snapshot = (): Snapshot => this.#snapshot;

  /** Works while somebody looks: the first subscriber starts it, the last one stops it. */
  readonly subscribe = (listener: () => void): (() => void) => {
    if (this.#listeners.size === 0) this.#start();
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.#stop();
    };
  };

  answer(answer: Answer): void {
    const { current, reopened } = this.#snapshot;
    if (reopened !== null) this.#correct(reopened, answer);
    else if (current !== null) this.#answerCurrent(current, answer);
  }

  #answerCurrent(item: NextItem, answer: Answer): void {
    const submissionId = newSubmissionId();
    this.#send('submit', item.id, submissionId, null, bodyOf(answer, item, submissionId, this.#clock.read()));
    const given: Given = { ...answer, submissionId, item, at: Date.now() };
    this.#advance({
      given: [given, ...this.#snapshot.given].slice(0, HISTORY),
      answered: this.#snapshot.answered + 1,
    });
  }

  /** Takes the last answer back, here and on the server, and shows its item again. False when there is none. */
  async undo(): Promise<boolean> {
    const [last, ...given] = this.#snapshot.given;
    if (last === undefined) return await this.#undoEarlier();
    this.#send('undo', last.item.id, last.submissionId, null, null);
    const { current, upcoming, answered } = this.#snapshot;
    this.#clock.restart();
    this.#set({
      given,
      answered: answered - 1,
      reopened: null,
      current: last.item,
      upcoming: current === null ? upcoming : [current, ...upcoming],
      state: 'ready',
    });
    return true;
  }

  /** The last answer of an earlier page life: still on its way, or known to the server only. */
  async #undoEarlier(): Promise<boolean> {
    const waiting = outbox.pending().filter((one) => one.projectId === this.projectId && one.kind === 'submit');
    const [stored] = waiting.length > 0 ? [] : await api.recent(this.projectId);
    const last = waiting.at(-1) ?? (stored && { taskId: stored.task, submissionId: stored.unique_id });
    if (last === undefined) return false;
    const undone = new Promise<void>((resolve) => {
      const stop = outbox.onChange((entry) => {
        if (entry?.kind !== 'undo' || entry.submissionId !== last.submissionId) return;
        stop();
        resolve();
      });
    });
    this.#send('undo', last.taskId, last.submissionId, stored?.id ?? null, null);
    await undone;
    // The server has leased it to us again, and gives leases that we do not name first.
    const item = await api.next(this.projectId, this.#held());
    if (item === undefined || this.#held().includes(item.id)) return true;
    const { current, upcoming } = this.#snapshot;
    this.#clock.restart();
    this.#set({ current: item, upcoming: current === null ? upcoming : [current, ...upcoming], state: 'ready' });
    return true;
  }

  reopen(reopened: Reopened | null): void {
    this.#clock.restart();
    this.#set({ reopened });
  }

  /** Answers per minute over the last minutes at work; null until there are enough to say. */
  rate(now: number): number | null {
    const times = this.#snapshot.given.map((one) => one.at).filter((at) => now - at < RATE_WINDOW_MS);
    if (times.length < 4) return null;
    return ((times.length - 1) * 60_000) / Math.max(1_000, times[0]! - times.at(-1)!);
  }

  #correct(reopened: Reopened, answer: Answer): void {
    const body: CorrectionBody = { result: answer.result, was_cancelled: answer.skipped, note: answer.note };
    this.#send('update', reopened.task.id, reopened.submissionId, reopened.annotationId, body);
    const given = this.#snapshot.given.map((one) =>
      one.submissionId === reopened.submissionId ? { ...one, ...answer, at: one.at } : one,
    );
    this.#clock.restart();
    this.#set({ given, reopened: null });
  }

  #send(kind: Entry['kind'], taskId: number, submissionId: string, annotationId: number | null, body: unknown): void {
    const { projectId } = this;
    outbox.add({ kind, projectId, taskId, submissionId, annotationId, body, token: currentToken() });
  }

  #advance(change: Partial<Snapshot>): void {
    const [current = null, ...upcoming] = this.#snapshot.upcoming;
    this.#clock.restart();
    this.#set({ ...change, current, upcoming, state: current === null ? 'filling' : 'ready' });
    void this.#fill();
  }

  #start(): void {
    this.#clock.start();
    this.#timer = setInterval(() => this.#tick(), POLL_MS);
    addEventListener('pagehide', this.#leave);
    void this.#fill();
  }

  readonly #leave = (): void => withdrawHeld(this.projectId);

  #stop(): void {
    this.#clock.stop();
    if (this.#timer !== null) clearInterval(this.#timer);
    removeEventListener('pagehide', this.#leave);
  }

  #tick(): void {
    announceHeld(this.projectId, idsOf(this.#snapshot.current, this.#snapshot.upcoming));
    if (document.visibilityState !== 'visible') return;
    const end = Date.now() + LEASE_MARGIN_MS;
    const upcoming = this.#snapshot.upcoming.filter((item) => Date.parse(item.lease_expires_at) > end);
    if (upcoming.length < this.#snapshot.upcoming.length) this.#set({ upcoming });
    const { current } = this.#snapshot;
    if (current !== null && Date.parse(current.lease_expires_at) <= end) void this.#renew(current);
    else void this.#fill();
  }

  /** Asks for one's own item again, which prolongs its lease; another one comes if somebody else took it meanwhile. */
  async #renew(current: NextItem): Promise<void> {
    if (this.#filling) return;
    this.#filling = true;
    try {
      const item = await api.next(
        this.projectId,
        this.#held().filter((id) => id !== current.id),
      );
      if (item === undefined || this.#snapshot.current !== current) return;
      if (item.id !== current.id) this.#clock.restart();
      this.#set({ current: item });
    } catch {
      // The next tick tries again.
    } finally {
      this.#filling = false;
    }
  }

  /** Keeps `PREFETCH` items behind the one on the screen, one request at a time. */
  async #fill(): Promise<void> {
    if (this.#filling) return;
    this.#filling = true;
    try {
      while (this.#snapshot.current === null || this.#snapshot.upcoming.length < PREFETCH) {
        if (outbox.pendingCount() >= UNSAVED_MAX) {
          throw new Error(`${UNSAVED_MAX} answers wait to be saved; more items come when the server has taken them.`);
        }
        const item = await api.next(this.projectId, this.#held());
        if (item === undefined) break;
        // A server that ignores `exclude` would keep us here for ever.
        if (this.#held().includes(item.id)) break;
        this.#take(item);
      }
      if (this.#snapshot.current === null) this.#set({ state: 'empty' });
    } catch (error) {
      const refused = error instanceof ApiProblem && !error.passing;
      if (refused || this.#snapshot.current === null) {
        this.#set({ problem: sentenceOf(error), ...(this.#snapshot.current === null ? { state: 'failed' } : {}) });
      }
    } finally {
      this.#filling = false;
    }
  }

  #take(item: NextItem): void {
    if (this.#snapshot.current === null) {
      this.#clock.restart();
      this.#set({ current: item, state: 'ready', problem: '' });
    } else this.#set({ upcoming: [...this.#snapshot.upcoming, item] });
  }

  /** Tasks that must not come again: in hand, or answered and not yet acknowledged. */
  #held(): number[] {
    const { current, upcoming } = this.#snapshot;
    const ids = idsOf(current, upcoming);
    return [...ids, ...outbox.pending().map((entry) => entry.taskId), ...heldElsewhere(this.projectId)];
  }

  #set(change: Partial<Snapshot>): void {
    this.#snapshot = { ...this.#snapshot, ...change };
    announceHeld(this.projectId, idsOf(this.#snapshot.current, this.#snapshot.upcoming));
    for (const listener of this.#listeners) listener();
  }
}

const sessions = new Map<number, LabelSession>();

export function sessionOf(projectId: number): LabelSession {
  const known = sessions.get(projectId) ?? new LabelSession(projectId);
  sessions.set(projectId, known);
  return known;
}
