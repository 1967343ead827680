/** The outbox of this browser, wired to the server, the storage and the one tab that may send. */
import { api } from './api.ts';
import { ApiProblem, sentenceOf } from './http.ts';
import { type Entry, Outbox, type SendOutcome } from './outbox.ts';
import type { AnswerBody, CorrectionBody } from './wire.ts';

export const outbox = new Outbox({
  shelf: localStorage,
  now: () => Date.now(),
  wait: (work, ms) => setTimeout(work, ms),
  send,
});

async function send(entry: Entry): Promise<SendOutcome> {
  try {
    return { state: 'done', annotationId: await deliver(entry) };
  } catch (error) {
    if (!(error instanceof ApiProblem) || error.passing) return { state: 'later' };
    // What is to be undone is gone already: the first try got through and its reply was lost.
    if (entry.kind === 'undo' && error.status === 404) return { state: 'done', annotationId: null };
    return { state: 'refused', message: sentenceOf(error) };
  }
}

async function deliver(entry: Entry): Promise<number | null> {
  if (entry.kind === 'submit') return (await api.submit(entry.taskId, entry.body as AnswerBody, entry.token)).id;
  const row = entry.annotationId!; // The outbox sends an undo or update only with its row.
  if (entry.kind === 'undo') await api.undo(row, entry.token);
  else await api.correct(row, entry.body as CorrectionBody, entry.token);
  return row;
}

/** Starts sending. Without Web Locks (plain http from another machine) every tab sends its own: still counted once. */
export function startSender(): void {
  addEventListener('online', () => outbox.nudge());
  // Another tab wrote to the shelf.
  addEventListener('storage', () => outbox.nudge());
  if ('locks' in navigator) {
    void navigator.locks.request('headstart.outbox', () => {
      outbox.lead();
      return new Promise(() => {}); // held until this tab goes
    });
  } else outbox.lead();
}

/** A random version 4 UUID; `crypto.randomUUID` is missing on plain http from another machine. */
export function newSubmissionId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
