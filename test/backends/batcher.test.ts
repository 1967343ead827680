import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Lane } from '../../src/backends/backend.ts';
import { Batcher, halves, type Ticket } from '../../src/backends/batcher.ts';
import { Call } from '../../src/backends/call.ts';

function call(costs: readonly number[], dueAt = 0, lane: Lane = 'bulk'): { call: Call; tickets: Ticket[] } {
  const items = costs.map((cost) => ({ text: String(cost) }));
  const one = new Call({ embedding: { dim: 1 } }, items, lane, dueAt);
  return {
    call: one,
    tickets: costs.map((cost, index) => ({ call: one, index, item: items[index]!, cost, bytes: 0 })),
  };
}

function drain(batcher: Batcher, lane: Lane = 'bulk'): (readonly Ticket[])[] {
  const batches: (readonly Ticket[])[] = [];
  for (let batch = batcher.take(lane); batch; batch = batcher.take(lane)) batches.push(batch.tickets);
  return batches;
}

describe('batcher', () => {
  it('hands out every item once, within the budget; one item over it goes alone', () => {
    const costs = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 40 });
    fc.assert(
      fc.property(fc.array(costs, { maxLength: 5 }), fc.integer({ min: 1, max: 300 }), (calls, costMax) => {
        const batcher = new Batcher({ costMax, itemsMax: 7 });
        const all = calls.map((one) => call(one));
        for (const one of all) batcher.add(one.call, one.tickets);
        expect(batcher.waiting('bulk')).toBe(calls.flat().length);
        const batches = drain(batcher);
        expect(new Set(batches.flat())).toEqual(new Set(all.flatMap((one) => one.tickets)));
        expect(batches.flat()).toHaveLength(calls.flat().length);
        for (const batch of batches) {
          const cost = batch.reduce((sum, ticket) => sum + ticket.cost, 0);
          expect(batch.length === 1 || (cost <= costMax && batch.length <= 7)).toBe(true);
        }
        expect(batcher.waiting('bulk')).toBe(0);
        expect(batcher.dueAt('bulk')).toBeUndefined();
      }),
    );
  });

  it('serves calls first in first out, earlier due ones before later ones', () => {
    const batcher = new Batcher({ costMax: 1, itemsMax: 1 });
    const [late, first, second, soon] = [call([1], 9), call([1], 5), call([1], 5), call([1], 1)];
    for (const one of [late, first, second, soon]) batcher.add(one!.call, one!.tickets);
    expect(drain(batcher).map(([ticket]) => ticket!.call)).toEqual([soon, first, second, late].map((one) => one!.call));
  });

  it('keeps items of like length together', () => {
    const batcher = new Batcher({ costMax: 100, itemsMax: 2 });
    const one = call([1, 50, 2, 49]);
    batcher.add(one.call, one.tickets);
    expect(drain(batcher).map((batch) => batch.map((ticket) => ticket.cost))).toEqual([
      [50, 49],
      [2, 1],
    ]);
  });

  it('runs a failed batch again before anything else, in halves and without given-up calls', () => {
    const batcher = new Batcher({ costMax: 100, itemsMax: 3 });
    const [one, gone, other] = [call([3, 2]), call([1]), call([1])];
    for (const each of [one, gone]) batcher.add(each.call, each.tickets);
    const batch = batcher.take('bulk')!;
    batcher.add(other.call, other.tickets);
    for (const half of halves(batch)) batcher.retry(half);
    gone.call.reject(new Error('given up') as never);
    gone.call.result.catch(() => undefined);
    expect(batcher.waiting('bulk')).toBe(4);
    expect(drain(batcher).map((tickets) => tickets.map((ticket) => ticket.call))).toEqual([
      [one.call, one.call],
      [other.call],
    ]);
    expect(batcher.waiting('bulk')).toBe(0);
  });

  it('forgets a call that was given up', () => {
    const batcher = new Batcher({ costMax: 1, itemsMax: 1 });
    const [one, other] = [call([1, 1, 1]), call([1])];
    batcher.add(one.call, one.tickets);
    batcher.add(other.call, other.tickets);
    batcher.take('bulk');
    batcher.remove(one.call);
    expect(batcher.waiting('bulk')).toBe(1);
    expect(drain(batcher)).toEqual([other.tickets]);
  });
});
