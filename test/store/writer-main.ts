/** A process that writes without pause and prints what was acknowledged; tests kill it or take its disk away. */
import { systemClock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import { openStore } from '../../src/store/open-store.ts';
import { handClock, makeWorld, type World } from '../contract/world.ts';

export const EMBEDDING = { projectId: 1, kind: 'embedding', version: 'v' };
export const COLUMNS = 16;

const [folder, mode] = process.argv.slice(2) as [string, string];

function say(...words: (string | number)[]): void {
  process.stdout.write(`${words.join(' ')}\n`);
}

try {
  const { store, tensors, announce } = await openStore({ folder, clock: systemClock });
  announce('http://127.0.0.1:4242');
  say('ready', process.pid);
  if (mode === 'hold') setInterval(() => {}, 60_000);
  else {
    const world = await makeWorld(store, handClock(Date.now()), 1);
    const { tensor } = await tensors.open(EMBEDDING, COLUMNS);
    await Promise.all([importTasks(world), annotate(world), vote(world), embed(tensor), queue(world)]);
  }
} catch (error) {
  say('error', error instanceof AppError ? error.code : String(error));
  process.exit(1);
}

async function importTasks({ tasks }: World): Promise<void> {
  for (;;) {
    const added = await tasks(50);
    say('task', added.at(-1)!.id);
  }
}

async function annotate({ store, tasks, annotator, answer }: World): Promise<void> {
  const ann = await annotator('ann');
  const some = await tasks(20);
  const one = async (taskId: number): Promise<void> => {
    for (let i = 0; ; i++) {
      const submissionId = `${process.pid}-${taskId}-${i}`;
      say('annotation', (await store.annotations.submit(answer(taskId, ann, { submissionId }))).annotation.id);
    }
  };
  await Promise.all(some.map((task) => one(task.id)));
}

async function vote({ store, project, tasks, run }: World): Promise<void> {
  const [label] = await store.labels.sync(project.id, 'class', ['spam']);
  const some = await tasks(100);
  for (;;) {
    const { id } = await run('prelabel');
    await store.votes.write(
      id,
      some.map((task) => ({ taskId: task.id, labelId: label!.id, score: 0.5 })),
    );
    say('run', id);
  }
}

async function embed(
  tensor: Awaited<ReturnType<Awaited<ReturnType<typeof openStore>>['tensors']['open']>>['tensor'],
): Promise<void> {
  for (let from = tensor.rows; ; from += 64) {
    const ordinals = Uint32Array.from({ length: 64 }, (_, i) => from + i);
    await tensor.write(
      ordinals,
      Float32Array.from({ length: 64 * COLUMNS }, (_, i) => from * COLUMNS + i),
    );
    say('row', from + 63);
  }
}

async function queue({ store }: World): Promise<void> {
  for (let i = 0; ; i++) {
    await store.jobs.enqueue({ kind: 'count', projectId: null, params: { i } });
    const lease = await store.jobs.lease({ kinds: ['count'], owner: 'writer', leaseMs: 60_000 });
    await store.jobs.complete(lease!, i);
    say('job', lease!.job.id);
  }
}
