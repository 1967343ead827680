/** How a job goes, in a few words. */
import { count } from '../format.ts';
import type { Job } from '../wire.ts';

/** `instant embeddings · 1,500 of 10,000, 3 failed · 320/s, 26 s left` */
export function describe(job: Job): string {
  if (job.error !== null) return job.error.detail;
  const failed = job.failed > 0 ? `, ${count(job.failed)} failed` : '';
  const amount = job.total > 0 ? `${count(job.done)} of ${count(job.total)}${failed}` : '';
  return [job.stage, amount, paceOf(job)].filter((part) => part !== '').join(' · ');
}

function paceOf({ rate, seconds_left: left }: Job): string {
  if (rate === null) return '';
  const speed = `${rate < 10 ? rate.toFixed(1) : count(Math.round(rate))}/s`;
  return left === null ? speed : `${speed}, ${duration(left)} left`;
}

function duration(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  return seconds < 5_400 ? `${Math.ceil(seconds / 60)} min` : `${Math.ceil(seconds / 3_600)} h`;
}
