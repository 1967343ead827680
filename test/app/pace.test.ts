/** The pace of a job: of late, of work alone, and only where there is evidence. */
import { expect, it } from 'vitest';
import { Pace, secondsLeft } from '../../src/app/jobs/pace.ts';

function world() {
  let now = 0;
  const pace = new Pace({ now: () => now });
  return { pace, at: (seconds: number) => (now = seconds * 1_000) };
}

it('is unknown until two pieces are done: what came before the first is no pace', () => {
  const { pace, at } = world();
  at(20);
  pace.add({ stage: 'embeddings', done: 500 });
  expect(pace.rate).toBeNull();
  at(21);
  pace.add({ done: 1_000 });
  expect(pace.rate).toBe(500);
});

it('leaves out what was there already, so that it is right after a resume', () => {
  const { pace, at } = world();
  for (const done of [500, 1_000, 5_000]) pace.add({ stage: 'embeddings', done, reused: done });
  expect(pace.rate).toBeNull();
  at(1);
  pace.add({ done: 5_100, reused: 5_000 });
  at(2);
  pace.add({ done: 7_200, reused: 7_000 });
  expect(pace.rate).toBe(100);
});

it('forgets what is long ago', () => {
  const { pace, at } = world();
  for (let second = 0; second <= 100; second++) {
    at(second);
    pace.add({ stage: 'images', done: (second + 1) * 10 });
  }
  for (let second = 1; second <= 40; second++) {
    at(100 + second);
    pace.add({ done: 1_010 + second });
  }
  expect(pace.rate).toBeCloseTo(1, 5);
});

it('begins anew with a new stage', () => {
  const { pace, at } = world();
  pace.add({ stage: 'reading', done: 100 });
  at(1);
  pace.add({ done: 200 });
  expect(pace.rate).toBe(100);
  pace.add({ stage: 'writing', done: 10 });
  expect(pace.rate).toBeNull();
  at(2);
  pace.add({ done: 20 });
  expect(pace.rate).toBe(10);
});

it('says what is left of the stage, or nothing', () => {
  expect(secondsLeft({ rate: 10, done: 95, total: 200 })).toBe(11);
  expect(secondsLeft({ rate: 10, done: 300, total: 200 })).toBe(0);
  expect(secondsLeft({ rate: null, done: 95, total: 200 })).toBeNull();
  expect(secondsLeft({ rate: 10, done: 95, total: 0 })).toBeNull();
});
