/** Answers kept in memory: of the same data and version only, and no connection at the cost of all others. */
import { expect, it } from 'vitest';
import { AnswerMemory } from '../../src/app/studio/answer-memory.ts';

const CHARS_MAX = 1_000;
const task = (id: number, text = 'x'.repeat(80)) => ({ id, data: { text } });

it('knows the item of a task as long as data and version are the same', () => {
  const memory = new AnswerMemory(CHARS_MAX);
  memory.keep(1, task(1), 'v1', 'item');
  expect(memory.recall(1, { ...task(1), annotations: [] }, 'v1')).toBe('item');
  expect(memory.recall(1, task(1), 'v2')).toBeUndefined();
  expect(memory.recall(1, task(1, 'other'), 'v1')).toBeUndefined();
  expect(memory.recall(2, task(1), 'v1')).toBeUndefined();
});

it('keeps what small connections have while a large one runs through thousands of tasks', () => {
  const memory = new AnswerMemory(CHARS_MAX);
  for (const connection of [1, 2]) memory.keep(connection, task(1), 'v', 'item');
  for (let id = 1; id <= 5_000; id++) memory.keep(3, task(id), 'v', 'item');
  for (const connection of [1, 2]) expect(memory.recall(connection, task(1), 'v')).toBe('item');
  const left = Array.from({ length: 5_000 }, (_, i) => memory.recall(3, task(i + 1), 'v')).filter(Boolean);
  expect(left.length).toBeGreaterThan(5);
  expect(left.length).toBeLessThan(CHARS_MAX / 80);
  expect(memory.recall(3, task(5_000), 'v')).toBe('item');
});

it('takes the same room for a task that is said anew', () => {
  const memory = new AnswerMemory(CHARS_MAX);
  for (const id of [1, 2]) memory.keep(1, task(id), 'v', 'item');
  for (let n = 0; n < 100; n++) memory.keep(1, task(2), `v${n}`, 'item');
  expect(memory.recall(1, task(1), 'v')).toBe('item');
});

it('has room again for others once a connection is gone, and nothing of it', () => {
  const memory = new AnswerMemory(CHARS_MAX);
  for (let id = 1; id <= 9; id++) memory.keep(1, task(id), 'v', 'item');
  memory.forget(1);
  expect(memory.recall(1, task(1), 'v')).toBeUndefined();
  for (let id = 1; id <= 9; id++) memory.keep(2, task(id), 'v', 'item');
  expect(memory.recall(2, task(1), 'v')).toBe('item');
});

it('holds nothing that is larger than all there is room for', () => {
  const memory = new AnswerMemory(CHARS_MAX);
  memory.keep(1, task(1), 'v', 'item');
  memory.keep(2, task(1, 'x'.repeat(CHARS_MAX)), 'v', 'item');
  expect(memory.recall(2, task(1, 'x'.repeat(CHARS_MAX)), 'v')).toBeUndefined();
  expect(memory.recall(1, task(1), 'v')).toBe('item');
});
