/** Who may get which task, as far as one can tell without the store. */
import { describe, expect, it } from 'vitest';
import { Roster } from '../../src/app/queue/roster.ts';

const [ANN, BOB, CYD] = [1, 2, 3];
const LEASE_MS = 1_000;

function rosterOf(tasks: number, overlap: number) {
  const clock = { now: () => clock.at, at: 0 };
  const roster = new Roster(clock, overlap);
  for (let ordinal = 0; ordinal < tasks; ordinal++) roster.place(ordinal, 100 + ordinal);
  const lease = (ordinal: number, annotatorId: number): void =>
    roster.lease(ordinal, annotatorId, clock.now() + LEASE_MS);
  return { clock, roster, lease };
}

const answer = (annotatorId: number, skipped = false) => ({ annotatorId, skipped });

describe('the roster', () => {
  it('offers what nobody holds, and offers it again when the lease has run out', () => {
    const { clock, roster, lease } = rosterOf(3, 1);
    lease(0, ANN);
    expect([...roster.sequential(BOB)]).toEqual([1, 2]);
    expect([...roster.open([2, 0, 9], BOB)]).toEqual([2]);
    expect([...roster.pending()]).toEqual([0]);
    clock.at += LEASE_MS;
    expect([...roster.sequential(BOB)]).toEqual([0, 1, 2]);
    expect([...roster.pending()]).toEqual([]);
  });

  it('offers a task to as many as the overlap leaves open, and to nobody twice', () => {
    const { roster, lease } = rosterOf(1, 2);
    lease(0, ANN);
    expect([...roster.sequential(ANN)]).toEqual([]);
    expect([...roster.sequential(BOB)]).toEqual([0]);
    lease(0, BOB);
    expect([...roster.sequential(CYD)]).toEqual([]);
    roster.giveBack(0, ANN);
    roster.setAnswers(0, [answer(ANN)]);
    expect([...roster.partlyAnswered(CYD)]).toEqual([]);
    roster.giveBack(0, BOB);
    expect([...roster.partlyAnswered(CYD)]).toEqual([0]);
    expect([...roster.partlyAnswered(ANN)]).toEqual([]);
    roster.setAnswers(0, [answer(ANN), answer(CYD)]);
    expect([...roster.partlyAnswered(BOB)]).toEqual([]);
  });

  it('keeps what one has skipped for others, and takes up what was undone or added', () => {
    const { roster } = rosterOf(3, 1);
    roster.setAnswers(0, [answer(ANN)]);
    roster.setAnswers(1, [answer(ANN, true)]);
    expect([...roster.sequential(BOB)]).toEqual([2]);
    expect([...roster.skipped(BOB)]).toEqual([1]);
    expect([...roster.skipped(ANN)]).toEqual([]);
    expect([0, 1, 2].map((ordinal) => roster.isAnswered(ordinal))).toEqual([true, false, false]);
    roster.setAnswers(0, []);
    expect([...roster.sequential(BOB)]).toEqual([0, 2]);
    roster.remove(2);
    roster.place(3_000, 7);
    expect([...roster.sequential(BOB)]).toEqual([0, 3_000]);
  });
});
