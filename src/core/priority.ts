/**
 * Who yields to whom when there are more runnable threads than cores: people wait for the thread that serves HTTP, so it
 * keeps the priority it was started with, the ranking of their next items comes after it, and bulk inference last.
 */
import { constants, setPriority } from 'node:os';

/** Half-way between serving and hosts; a nicer thread still gets every cycle that nobody else wants. */
const THREAD_PRIORITY = 5;

/** To be called at the start of a child process: its threads inherit it. */
export function yieldAsHost(): void {
  lower(constants.priority.PRIORITY_BELOW_NORMAL);
}

/** To be called in a worker thread. Only Linux has priorities of threads; elsewhere it would be the whole process's. */
export function yieldAsThread(): void {
  if (process.platform === 'linux') lower(THREAD_PRIORITY);
}

/** Whoever runs under a lower priority already, or may not change it, goes on as it is. */
function lower(priority: number): void {
  try {
    setPriority(priority);
  } catch {}
}
