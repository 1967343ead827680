import { expect, it, onTestFinished } from 'vitest';
import { createPoolMetrics } from '../../src/backends/metrics.ts';
import { fakeModel, fakePool, texts } from './fake.ts';

it('metrics tell batches, why they left, what failed, who died, and what hosts take', async () => {
  const metrics = createPoolMetrics();
  onTestFinished(() => metrics.close());
  const models = [fakeModel({ batch: { costMax: 1_000, itemsMax: 4 } })];
  const pool = fakePool({ models, observer: metrics.observer });
  await pool.embed('fake', texts('a', 'b', 'c', 'd', 'exit', 'nan'), { lane: 'bulk' });
  await pool.embed('fake', texts('a'), { lane: 'online' });
  const text = await metrics.text(pool.status());
  const value = (line: string): number =>
    Number(
      text
        .split('\n')
        .find((one) => one.startsWith(line))
        ?.split(' ')
        .at(-1),
    );
  expect(value('headstart_items_total{model="fake",outcome="done"}')).toBe(5);
  expect(value('headstart_items_total{model="fake",outcome="failed"}')).toBe(1);
  expect(value('headstart_host_deaths_total{cause="fault"}')).toBeGreaterThanOrEqual(1);
  expect(value('headstart_batches_released_total{model="fake",lane="bulk",reason="full"}')).toBe(1);
  expect(value('headstart_batches_released_total{model="fake",lane="bulk",reason="again"}')).toBeGreaterThan(1);
  expect(value('headstart_batches_released_total{model="fake",lane="online",reason="idle"}')).toBe(1);
  expect(value('headstart_batch_items_count{model="fake",lane="online"}')).toBe(1);
  expect(value('headstart_queue_wait_seconds_count{lane="bulk"}')).toBeGreaterThan(1);
  expect(value('headstart_hosts{state="ready"}')).toBe(1);
  expect(value('headstart_host_resident_bytes')).toBeGreaterThan(10_000_000);
  expect(value('headstart_items_waiting{lane="bulk"}')).toBe(0);
});
