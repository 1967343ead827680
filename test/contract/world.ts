/** A small world to test a store in: a clock that stands still, one project, tasks, annotators. */
import type { Clock } from '../../src/core/clock.ts';
import type { Project, ProjectSettings, Run, RunKind, Task } from '../../src/core/domain.ts';
import type { NewAnnotation } from '../../src/store/ports/annotations.ts';
import type { Store } from '../../src/store/store.ts';

/** Opens an empty store of the engine under test; everything is gone after `close`. */
export type OpenEmpty = (clock: Clock) => Promise<{ store: Store; close(): Promise<void> }>;

export interface HandClock extends Clock {
  advance(ms: number): void;
}

export function handClock(start = Date.UTC(2026, 0, 1)): HandClock {
  let now = start;
  return {
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
  };
}

export const SETTINGS: ProjectSettings = {
  queryStrategy: 'uncertainty-herding',
  seed: 7,
  overlap: 1,
  blindShare: 0.1,
  leaseSeconds: 600,
  retrainEvery: 10,
  retrainEveryVerified: 0,
  retrainEveryHours: 0,
  retrainOnDrift: true,
  embedder: 'lexical',
  pinnedVersion: null,
};

export interface World {
  readonly store: Store;
  readonly clock: HandClock;
  readonly project: Project;
  /** Still running, so that more tasks can be added. */
  readonly importRun: Run;
  annotator(name: string): Promise<number>;
  tasks(count: number): Promise<Task[]>;
  run(kind: RunKind): Promise<Run>;
  /** A plain answer, changed as wanted. */
  answer(taskId: number, annotatorId: number, change?: Partial<NewAnnotation>): NewAnnotation;
}

/** One store for many worlds: a project each, so that properties need not open a store for every example. */
export async function withStore(
  open: OpenEmpty,
  test: (store: Store, clock: HandClock) => Promise<void>,
): Promise<void> {
  const clock = handClock();
  const { store, close } = await open(clock);
  try {
    await test(store, clock);
  } finally {
    await close();
  }
}

export function inWorld(open: OpenEmpty, test: (world: World) => Promise<void>, overlap = 1): Promise<void> {
  return withStore(open, async (store, clock) => test(await makeWorld(store, clock, overlap)));
}

export async function makeWorld(store: Store, clock: HandClock, overlap: number): Promise<World> {
  const project = await store.projects.create({
    title: 'Mails',
    description: '',
    instruction: 'Is it spam?',
    labelConfig: '<View/>',
    settings: { ...SETTINGS, overlap },
  });
  const run = (kind: RunKind): Promise<Run> =>
    store.runs.start({ projectId: project.id, kind, labelerId: null, summary: kind, params: {} });
  const importRun = await run('import');
  let row = 0;
  return {
    store,
    clock,
    project,
    importRun,
    run,
    annotator: async (name) => (await store.labelers.ensure('annotator', name, '')).id,
    tasks: (count) => {
      const fresh = Array.from({ length: count }, () => ({ data: { text: `mail ${row}` }, meta: { row: row++ } }));
      return store.tasks.insert(project.id, importRun.id, fresh, row);
    },
    answer: (taskId, annotatorId, change = {}) => ({
      projectId: project.id,
      taskId,
      annotatorId,
      result: [{ from_name: 'class', to_name: 'text', type: 'choices', value: { choices: ['spam'] } }],
      skipped: false,
      groundTruth: false,
      visibleMs: 1_250.5,
      via: 'key',
      parentPrediction: null,
      outcome: 'unaided',
      difference: {},
      blind: false,
      blindResult: null,
      note: '',
      submissionId: '',
      runId: null,
      ...change,
    }),
  };
}

/** What `expect(promise).rejects` is to match for an AppError. */
export function code(expected: string): object {
  return { code: expected };
}

export function ids(rows: readonly { readonly id: number }[]): number[] {
  return rows.map((row) => row.id);
}
