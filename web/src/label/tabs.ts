/** What the other tabs of this browser hold, so that one person with two tabs never has one item in both. */

const PREFIX = 'headstart.held.';
/** Timers of hidden tabs run once a minute; a tab that is silent for longer has gone. */
const SILENT_MS = 90_000;

interface Held {
  readonly ids: readonly number[];
  readonly at: number;
}

/** Survives a reload of the tab, unlike everything else that could name it. */
const tabId = (() => {
  const known = sessionStorage.getItem('headstart.tab');
  const id = known ?? crypto.getRandomValues(new Uint32Array(2)).join('-');
  sessionStorage.setItem('headstart.tab', id);
  return id;
})();

export function announceHeld(projectId: number, ids: readonly number[]): void {
  localStorage.setItem(`${PREFIX}${projectId}.${tabId}`, JSON.stringify({ ids, at: Date.now() } satisfies Held));
}

export function withdrawHeld(projectId: number): void {
  localStorage.removeItem(`${PREFIX}${projectId}.${tabId}`);
}

/** Tasks in the hands of other living tabs. */
export function heldElsewhere(projectId: number): number[] {
  const own = `${PREFIX}${projectId}.${tabId}`;
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(`${PREFIX}${projectId}.`) && key !== own)
    .map((key) => JSON.parse(localStorage.getItem(key)!) as Held)
    .filter((held) => Date.now() - held.at < SILENT_MS)
    .flatMap((held) => held.ids);
}
