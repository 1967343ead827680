/** Every route answers in the shapes of its contract, and hands what it was given to the app. */
import { beforeEach, describe, expect, it } from 'vitest';
import { CONFIG, SECRETS } from './fake-app.ts';
import { type TestServer, testServer } from './setup.ts';

const RESULT = [{ from_name: 'kind', to_name: 'text', type: 'choices', value: { choices: ['ham'] } }];

let test: TestServer;
beforeEach(async () => {
  test = await testServer();
});

describe('projects', () => {
  it('lists them as Label Studio does, page by page', async () => {
    const first = await test.call({ url: '/api/projects/?page_size=1' });
    expect(first.body).toMatchObject({ count: 2, previous: null });
    expect(first.body.next).toBe('http://127.0.0.1:8080/api/projects/?page_size=1&page=2');
    const second = await test.call({ url: '/api/projects/?page_size=1&page=2' });
    expect(second.body).toMatchObject({ next: null, results: [{ id: 2 }] });
  });

  it('creates one from Label Studio fields and ignores those it does not know', async () => {
    const payload = { title: 'Mails', label_config: CONFIG, maximum_annotations: 2, color: '#fff', is_published: true };
    const { status, body } = await test.call({ method: 'POST', url: '/api/projects', payload });
    expect(status).toBe(201);
    expect(body).toMatchObject({ title: 'Mails', maximum_annotations: 2, task_number: 0 });
    expect(body.parsed_label_config).toMatchObject({
      kind: { type: 'Choices', to_name: ['text'], labels: ['spam', 'ham'], inputs: [{ type: 'Text', value: 'text' }] },
    });
  });

  it('maps samplings to strategies, and settings win', async () => {
    const sampling = { sampling: 'Uniform sampling' };
    const uniform = await test.call({ method: 'POST', url: '/api/projects', payload: sampling });
    expect(uniform.body).toMatchObject({ settings: { query_strategy: 'random' }, sampling: 'Uniform sampling' });
    const payload = { ...sampling, settings: { query_strategy: 'margin' } };
    const margin = await test.call({ method: 'POST', url: '/api/projects', payload });
    expect(margin.body).toMatchObject({ settings: { query_strategy: 'margin' }, sampling: 'Uncertainty sampling' });
  });

  it('changes one, with a migration for vanished labels', async () => {
    const payload = { label_config: CONFIG, label_migration: { rename: { junk: 'spam' }, removed: 'drop' } };
    const { status } = await test.call({ method: 'PATCH', url: '/api/projects/1', payload });
    expect(status).toBe(200);
    expect(test.app.calls.at(-1)).toContain('"migration":{"rename":{"junk":"spam"},"removed":"drop"}');
  });

  it('archives, duplicates, deletes', async () => {
    const archived = await test.call({ method: 'PATCH', url: '/api/projects/1', payload: { is_archived: true } });
    expect(archived.body).toMatchObject({ is_archived: true });
    const copy = await test.call({ method: 'POST', url: '/api/projects/1/duplicate' });
    expect(copy).toMatchObject({ status: 201, body: { id: 3 } });
    const gone = await test.call({
      method: 'DELETE',
      url: '/api/projects/1/',
      headers: { 'content-type': 'application/json' },
    });
    expect(gone).toMatchObject({ status: 204, text: '' });
  });

  it('checks a config without keeping it', async () => {
    const good = await test.call({ method: 'POST', url: '/api/projects/validate', payload: { label_config: CONFIG } });
    expect(good.body).toMatchObject({ controls: [{ name: 'kind', labels: ['spam', 'ham'] }] });
    const payload = { label_config: '<View/>' };
    const bad = await test.call({ method: 'POST', url: '/api/projects/1/validate', payload });
    expect(bad).toMatchObject({ status: 400, body: { code: 'LABELCONFIG_NO_CONTROL' } });
  });
});

describe('tasks', () => {
  it('lists them bare or with everything, by page or after an id', async () => {
    const bare = await test.call({ url: '/api/tasks?project=1' });
    expect(bare.body).toMatchObject({
      total: 1,
      total_annotations: 1,
      tasks: [{ id: 1, data: { text: 'text of 1' } }],
    });
    expect(JSON.stringify(bare.body)).not.toContain('annotations":[');
    const full = await test.call({ url: '/api/tasks/?project=1&fields=all' });
    expect(full.body).toMatchObject({
      tasks: [{ is_labeled: true, annotations: [{ id: 1 }], predictions: [{ id: 1 }] }],
    });
    expect((await test.call({ url: '/api/projects/1/tasks?after=1' })).body).toEqual([]);
  });

  it('gives, changes and deletes one', async () => {
    expect((await test.call({ url: '/api/tasks/2' })).body).toMatchObject({ id: 2, project: 2, total_annotations: 1 });
    const changed = await test.call({ method: 'PATCH', url: '/api/tasks/1', payload: { data: { text: 'new' } } });
    expect(changed.body).toMatchObject({ data: { text: 'new' } });
    expect(await test.call({ method: 'PATCH', url: '/api/tasks/1', payload: {} })).toMatchObject({ status: 400 });
    expect(await test.call({ method: 'DELETE', url: '/api/tasks/1' })).toMatchObject({ status: 204 });
    const payload = { ids: [1, 2] };
    const many = await test.call({ method: 'POST', url: '/api/projects/2/tasks/delete', payload });
    expect(many.body).toEqual({ deleted: 1 });
  });

  it('tells look-alikes, votes and gives the lease back', async () => {
    expect((await test.call({ url: '/api/tasks/1/similar?limit=3' })).body).toMatchObject([
      { similarity: 0.9, label: 'spam' },
    ]);
    expect((await test.call({ url: '/api/tasks/1/votes' })).body).toHaveLength(3);
    const payload = { postpone: true };
    expect(await test.call({ method: 'POST', url: '/api/tasks/1/release', payload })).toMatchObject({ status: 204 });
    expect(test.app.calls).toContain('release 1 owner true');
    expect(await test.call({ method: 'POST', url: '/api/tasks/1/release' })).toMatchObject({ status: 204 });
  });
});

describe('annotations', () => {
  it('takes an answer once per key', async () => {
    const payload = { result: RESULT, lead_time: 2.5, unique_id: 'k1', parent_prediction: 1, draft_id: 0, project: 1 };
    const first = await test.call({ method: 'POST', url: '/api/tasks/1/annotations/', payload });
    expect(first).toMatchObject({
      status: 201,
      body: { unique_id: 'k1', lead_time: 2.5, visible_ms: 2500, result: RESULT },
    });
    expect(test.app.calls.at(-1)).toContain('"parentPrediction":1');
    const again = await test.call({ method: 'POST', url: '/api/tasks/1/annotations/', payload });
    expect(again).toMatchObject({ status: 200, body: { id: first.body.id } });
  });

  it('marks answers of scripts as such, and keeps what a page says', async () => {
    await test.call({ method: 'POST', url: '/api/tasks/1/annotations', payload: { result: [], was_cancelled: true } });
    expect(test.app.calls.at(-1)).toContain('"via":"api","result":[],"skipped":true');
    const payload = { result: RESULT, via: 'key', visible_ms: 900, note: 'flagged' };
    await test.call({ method: 'POST', url: '/api/tasks/1/annotations', payload });
    expect(test.app.calls.at(-1)).toContain('"via":"key"');
  });

  it('reads, changes, lists and takes back', async () => {
    expect((await test.call({ url: '/api/annotations/1' })).body).toMatchObject({ id: 1, completed_by: 2 });
    const changed = await test.call({ method: 'PATCH', url: '/api/annotations/1', payload: { ground_truth: true } });
    expect(changed.body).toMatchObject({ ground_truth: true });
    expect((await test.call({ url: '/api/tasks/1/annotations' })).body).toHaveLength(1);
    expect((await test.call({ url: '/api/projects/1/annotations' })).body).toHaveLength(1);
    expect((await test.call({ url: '/api/projects/1/recent', token: SECRETS.anna })).body).toHaveLength(1);
    expect(await test.call({ method: 'DELETE', url: '/api/annotations/1?lease=true' })).toMatchObject({ status: 204 });
    expect(test.app.calls.at(-1)).toBe('annotations.delete 1 true');
  });
});

describe('predictions', () => {
  it('are read by task, by project and by id, and stored', async () => {
    expect((await test.call({ url: '/api/predictions?task=1' })).body).toMatchObject([
      { id: 1, model_version: 'head@1' },
    ]);
    expect((await test.call({ url: '/api/predictions/?project=2' })).body).toMatchObject([{ id: 2, project: 2 }]);
    expect((await test.call({ url: '/api/predictions/1' })).body).toMatchObject({ id: 1, model_version: 'head@1' });
    expect(await test.call({ url: '/api/predictions' })).toMatchObject({
      status: 400,
      body: { code: 'INPUT_BAD_FIELD' },
    });
    expect(await test.call({ url: '/api/predictions?task=1&project=2' })).toMatchObject({ status: 404 });
    const payload = { task: 1, result: RESULT, score: 0.9, model_version: 'mine' };
    const stored = await test.call({ method: 'POST', url: '/api/predictions', payload });
    expect(stored).toMatchObject({ status: 201, body: { task: 1, score: 0.9, model_version: 'mine' } });
  });
});

describe('queue', () => {
  it('leases the next task with suggestion and reason', async () => {
    const { body } = await test.call({ url: '/api/projects/1/next/' });
    expect(body).toMatchObject({
      id: 1,
      predictions: [{ id: 1, score: 0.8 }],
      reason: { phase: 'seed', sentence: 'It stands for many others.' },
      lease_expires_at: '2023-11-14T22:13:20.000Z',
    });
  });

  it('leaves out what the page has already', async () => {
    await test.call({ url: '/api/projects/1/next?exclude=5,6' });
    expect(test.app.calls.at(-1)).toBe('next owner 5+6');
    expect(await test.call({ url: '/api/projects/1/next?exclude=' })).toMatchObject({ status: 200 });
    expect(await test.call({ url: '/api/projects/1/next?exclude=a' })).toMatchObject({ status: 400 });
  });

  it('says what the answers tell of the suggestions', async () => {
    expect((await test.call({ url: '/api/projects/1/insights' })).body).toMatchObject({
      curve: [{ labels: 10, correct: 1 }],
      acceptance: { shown: 4, accepted: 3, rate: 0.75 },
      blind_accuracy: null,
      time_saved: { saved: 0.5, n_blind: 30 },
      projection: { goal: 0.95, more_labels: { median: 120, low: 70, high: null } },
      stop_advice: { state: 'early', windows: [{ from_labels: 20, to_labels: 40, tasks: 100, kappa: 0.9 }] },
    });
  });

  it('lists annotations for a second look', async () => {
    expect((await test.call({ url: '/api/projects/1/label-errors?limit=5' })).body).toMatchObject({
      judged: 40,
      estimated: 3,
      results: [{ annotation: 1, task: 5, annotator: 2, given: ['spam'], suggested: ['ham'], confident: true }],
    });
    expect(await test.call({ url: '/api/projects/1/label-errors?limit=0' })).toMatchObject({ status: 422 });
  });

  it('says 404 when nothing is left, or 204 to a page that asks for it', async () => {
    test.app.nextTaskId = undefined;
    expect(await test.call({ url: '/api/projects/1/next' })).toMatchObject({
      status: 404,
      body: { code: 'NOT_FOUND' },
    });
    expect(await test.call({ url: '/api/projects/1/next?empty=204' })).toMatchObject({ status: 204, text: '' });
  });

  it('never leases on HEAD', async () => {
    expect(await test.call({ method: 'HEAD', url: '/api/projects/1/next' })).toMatchObject({ status: 404 });
  });

  it('shows its head, its state, its timings, and ranks again', async () => {
    expect((await test.call({ url: '/api/projects/1/queue?limit=5' })).body).toMatchObject([{ task: { id: 1 } }]);
    expect((await test.call({ url: '/api/projects/1/queue/state' })).body).toMatchObject({
      annotations_until_retrain: 7,
    });
    expect((await test.call({ method: 'POST', url: '/api/projects/1/queue/rank' })).body).toMatchObject({
      phase: 'seed',
    });
    expect((await test.call({ url: '/api/projects/1/queue/timings' })).body).toEqual({ rerank_ms: [12.5] });
  });
});

describe('runs, jobs, models', () => {
  it('lists, shows, undoes and redoes runs', async () => {
    expect((await test.call({ url: '/api/projects/1/runs' })).body).toMatchObject([{ id: 1, kind: 'import' }]);
    expect((await test.call({ url: '/api/runs/1/votes' })).body).toEqual([{ task: 1, label: 1, score: 1 }]);
    const undone = await test.call({ method: 'POST', url: '/api/runs/1/undo' });
    expect(undone.body.revoked_at).not.toBeNull();
    expect((await test.call({ method: 'POST', url: '/api/runs/1/redo' })).body.revoked_at).toBeNull();
    expect((await test.call({ url: '/api/runs/1' })).body).toMatchObject({ summary: 'Imported 1 task.' });
  });

  it('starts, lists, pauses, resumes, cancels and retries jobs', async () => {
    expect(await test.call({ method: 'POST', url: '/api/projects/1/prelabel' })).toMatchObject({ status: 202 });
    expect(await test.call({ method: 'POST', url: '/api/projects/1/train' })).toMatchObject({ status: 202 });
    expect((await test.call({ url: '/api/jobs' })).body).toHaveLength(2);
    expect((await test.call({ url: '/api/jobs?project=2' })).body).toMatchObject([{ id: 2 }]);
    expect((await test.call({ url: '/api/jobs/1' })).body).toMatchObject({
      stage: 'embedding',
      total: 10,
      rate: 4,
      seconds_left: 3,
    });
    expect((await test.call({ url: '/api/jobs/1/failures' })).body).toMatchObject([{ code: 'BACKEND_BAD_ITEM' }]);
    for (const [verb, pauses] of [
      ['pause', true],
      ['resume', false],
    ] as const) {
      const { body } = await test.call({ method: 'POST', url: `/api/jobs/1/${verb}` });
      expect(body).toMatchObject({ pause_requested: pauses });
    }
    expect((await test.call({ method: 'POST', url: '/api/jobs/1/cancel' })).body).toMatchObject({
      cancel_requested: true,
    });
    expect((await test.call({ method: 'POST', url: '/api/jobs/1/retry' })).body).toMatchObject({ state: 'queued' });
  });

  it('shows model versions without their weights, compares, pins and unpins', async () => {
    const versions = await test.call({ url: '/api/projects/1/models' });
    expect(versions.body).toMatchObject([{ version: 'abcdef012345', trained_on: 50 }]);
    expect(versions.text).not.toContain('head');
    const compared = await test.call({ url: '/api/projects/1/models/compare?from=1&to=1' });
    expect(compared.body).toEqual({ total: 10, flipped: [{ task: 1, from: 'spam', to: 'ham' }] });
    expect(await test.call({ method: 'POST', url: '/api/projects/1/models/1/activate' })).toMatchObject({
      status: 200,
    });
    expect(await test.call({ method: 'POST', url: '/api/projects/1/models/2/activate' })).toMatchObject({
      status: 404,
    });
    expect(await test.call({ method: 'POST', url: '/api/projects/1/models/unpin' })).toMatchObject({ status: 204 });
    expect((await test.call({ url: '/api/models' })).body).toMatchObject([{ name: 'lexical', ready: true }]);
  });
});

describe('people', () => {
  it('knows the caller', async () => {
    expect((await test.call({ url: '/api/current-user/whoami' })).body).toMatchObject({
      username: 'owner',
      project: null,
    });
    const anna = await test.call({ url: '/api/current-user/whoami/', token: SECRETS.anna });
    expect(anna.body).toMatchObject({ first_name: 'anna', role: 'annotator', project: 1, initials: 'AN' });
    expect((await test.call({ url: '/api/version' })).body).toMatchObject({ product: 'Headstart' });
    expect((await test.call({ url: '/api/projects/1/annotators' })).body).toMatchObject([{ median_visible_ms: 1200 }]);
  });

  it('invites, shows the secret once, revokes', async () => {
    const payload = { name: 'carla', project: 1 };
    const made = await test.call({ method: 'POST', url: '/api/tokens', payload });
    expect(made).toMatchObject({ status: 201, body: { role: 'annotator', project: 1 } });
    const secret = String(made.body.secret);
    expect((await test.call({ url: '/api/tokens' })).text).not.toContain(secret);
    expect(await test.call({ url: '/api/projects/1', token: secret })).toMatchObject({ status: 200 });
    await test.call({ method: 'DELETE', url: `/api/tokens/${String(made.body.id)}` });
    expect(await test.call({ url: '/api/projects/1', token: secret })).toMatchObject({ status: 401 });
  });

  it('gives whoever opens an invite link a token of their own', async () => {
    const payload = { name: 'Invite link', role: 'invite', project: 1 };
    const link = String((await test.call({ method: 'POST', url: '/api/tokens', payload })).body.secret);
    expect(await test.call({ url: '/api/projects/1', token: link })).toMatchObject({ status: 403 });
    const accept = { method: 'POST', url: '/api/invites/accept', payload: { name: 'Dora' } } as const;
    expect(await test.call({ ...accept, token: SECRETS.anna })).toMatchObject({ status: 403 });
    const joined = await test.call({ ...accept, token: link });
    expect(joined).toMatchObject({ status: 201, body: { name: 'Dora', project: 1 } });
    const me = await test.call({ url: '/api/current-user/whoami', token: String(joined.body.secret) });
    expect(me.body).toMatchObject({ username: 'Dora', role: 'annotator', project: 1 });
    expect(await test.call(accept)).toMatchObject({ status: 403 });
  });

  it('invites annotators to a project only', async () => {
    const reply = await test.call({ method: 'POST', url: '/api/tokens', payload: { name: 'carla' } });
    expect(reply).toMatchObject({ status: 422, body: { details: { field: 'project' } } });
  });
});
