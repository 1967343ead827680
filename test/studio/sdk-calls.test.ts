/**
 * The calls of Label Studio's SDK, both clients of it, as they go over the wire: method, path with its slash or without,
 * query, body. Kept by hand after the SDK's sources; what is compared is the status and what the SDK reads of the reply.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Running, startServer } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';

import { temporaryFolder } from '../helpers/process.ts';
import { answerOf } from '../helpers/project.ts';
import { TEXT_CONFIG } from '../helpers/texts.ts';

const { folder, remove } = temporaryFolder();
let running: Running;
let token = '';

beforeAll(async () => {
  running = await startServer(readConfig({ data: folder, port: '0', hosts: '1', log: 'silent' }, {}));
  const made = await call('POST', '/api/tokens', { name: 'sdk', role: 'owner' }, running.secret);
  token = (made.body as { secret: string }).secret;
});

afterAll(async () => {
  await running.close();
  remove();
});

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
}

/** As requests and httpx do it: JSON bodies, `Authorization: Token ...`. */
async function call(method: string, path: string, body?: unknown, secret = token): Promise<Answer> {
  const form = body instanceof FormData;
  const reply = await fetch(running.url + path, {
    method,
    headers: {
      authorization: `Token ${secret}`,
      ...(body === undefined || form ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: form ? body : JSON.stringify(body) }),
  });
  const text = await reply.text();
  const isJson = reply.headers.get('content-type')?.startsWith('application/json') ?? false;
  return { status: reply.status, text, body: isJson && text !== '' ? JSON.parse(text) : text };
}

/** Ids that earlier rows of a table have made. */
interface Made {
  project: number;
  tasks: number[];
  annotation: number;
  prediction: number;
  snapshot: number;
  /** A project that imports are tried on. */
  second: number;
  upload: number;
  user: number;
  view: number;
}

const made: Made = {
  project: 0,
  tasks: [],
  annotation: 0,
  prediction: 0,
  snapshot: 0,
  second: 2,
  upload: 0,
  user: 0,
  view: 0,
};

interface Row {
  /** As a script writes it. */
  readonly sdk: string;
  readonly send: (at: Made) => readonly [method: string, path: string, body?: unknown];
  readonly status: number;
  readonly reads?: unknown;
  readonly keep?: (body: never) => void;
}

function table(name: string, rows: readonly Row[]): void {
  describe(name, () => {
    it.each(rows)('$sdk', async ({ send, status, reads, keep }) => {
      const answer = await call(...(send(made) as [string, string, unknown?]));
      expect(answer.status, answer.text.slice(0, 300)).toBe(status);
      if (typeof reads === 'object') expect(answer.body).toMatchObject(reads as object);
      else if (reads !== undefined) expect(answer.body).toBe(reads);
      keep?.(answer.body as never);
    });
  });
}

/** Every field that one of the SDK's project models requires and the open-source edition has. */
const PROJECT = {
  id: expect.any(Number),
  created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  ...{ task_number: expect.any(Number), finished_task_number: expect.any(Number) },
  ...{ num_tasks_with_annotations: expect.any(Number), ground_truth_number: expect.any(Number) },
  ...{ total_annotations_number: expect.any(Number), skipped_annotations_number: expect.any(Number) },
  ...{ useful_annotation_number: expect.any(Number), total_predictions_number: expect.any(Number) },
  ...{ queue_done: expect.any(Number), queue_total: expect.any(Number) },
  ...{ config_has_control_tags: true, config_suitable_for_bulk_annotation: expect.any(Boolean) },
  start_training_on_annotation_update: expect.any(Boolean),
};

const project = { title: 'Mails', label_config: TEXT_CONFIG, color: '#ffffff', show_skip_button: true };
const unlabeled = (empty: boolean) =>
  encodeURIComponent(
    JSON.stringify({
      filters: {
        conjunction: 'and',
        items: [{ filter: 'filter:tasks:completed_at', operator: 'empty', value: empty, type: 'Datetime' }],
      },
      selectedItems: { all: true, excluded: [] },
      ordering: [],
    }),
  );

/** Every field that the older client's user model requires, each of the type that it wants. */
const USER = {
  id: expect.any(Number),
  first_name: expect.any(String),
  last_name: '',
  username: 'sdk',
  email: '',
  last_activity: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  initials: 'SD',
  phone: '',
  active_organization: 1,
};

table('who and what', [
  { sdk: 'Client(url, api_key)', send: () => ['GET', '/api/version'], status: 200, reads: { product: 'Headstart' } },
  { sdk: 'client.check_connection()', send: () => ['GET', '/health'], status: 200, reads: { status: 'UP' } },
  {
    sdk: 'ls.versions.get()',
    send: () => ['GET', '/api/version'],
    status: 200,
    reads: {
      release: expect.any(String),
      edition: 'Community',
      ...{ 'label-studio-os-package': {}, 'label-studio-os-backend': {}, 'label-studio-frontend': {} },
      ...{ 'label-studio-converter': {}, backend: {}, dm2: {}, lsf: {} },
    },
  },
  {
    sdk: 'ls.users.whoami()',
    send: () => ['GET', '/api/current-user/whoami'],
    status: 200,
    reads: { id: expect.any(Number), username: 'sdk', email: '' },
    keep: ({ id }: { id: number }) => {
      made.user = id;
    },
  },
  { sdk: 'ls.users.list()', send: () => ['GET', '/api/users/'], status: 200, reads: [{ username: 'sdk' }] },
  { sdk: 'client.get_users()', send: () => ['GET', '/api/users'], status: 200, reads: [USER] },
  { sdk: 'ls.users.get(id)', send: (at) => ['GET', `/api/users/${at.user}/`], status: 200, reads: USER },
  { sdk: 'ls.users.get(id), not there', send: () => ['GET', '/api/users/987654/'], status: 404 },
  { sdk: 'ls.organizations.list()', send: () => ['GET', '/api/organizations/'], status: 200, reads: [{ id: 1 }] },
  { sdk: 'ls.organizations.get(1)', send: () => ['GET', '/api/organizations/1'], status: 200, reads: { id: 1 } },
  {
    sdk: 'ls.organizations.members.list(1)',
    send: () => ['GET', '/api/organizations/1/memberships?page=1'],
    status: 200,
    reads: { count: 1, next: null, previous: null, results: [{ organization: 1, user: USER }] },
  },
  { sdk: 'ls.organizations.get(2)', send: () => ['GET', '/api/organizations/2'], status: 404 },
  {
    sdk: 'ls.users.get_token()',
    send: () => ['GET', '/api/current-user/token'],
    status: 200,
    reads: { token: expect.stringMatching(/^hs_/) },
  },
]);

table('projects', [
  {
    sdk: 'client.start_project(title, label_config)',
    send: () => ['POST', '/api/projects', project],
    status: 201,
    reads: { title: 'Mails', task_number: 0 },
    keep: ({ id }: { id: number }) => {
      made.project = id;
    },
  },
  { sdk: 'ls.projects.create(title=...)', send: () => ['POST', '/api/projects/', project], status: 201 },
  {
    sdk: 'client.list_projects()',
    send: () => ['GET', '/api/projects?page_size=10000000'],
    status: 200,
    reads: { count: 2, results: [PROJECT, PROJECT] },
  },
  {
    sdk: 'ls.projects.list(page=1)',
    send: () => ['GET', '/api/projects/?page=1&page_size=1'],
    status: 200,
    reads: { next: expect.stringContaining('page=2'), results: [{ id: expect.any(Number) }] },
  },
  {
    sdk: 'ls.projects.list(), the page after the last one',
    send: () => ['GET', '/api/projects/?page=9'],
    status: 404,
    reads: { status_code: 404, detail: 'Invalid page.' },
  },
  {
    sdk: 'ls.projects.get(id)',
    send: ({ project: id }) => ['GET', `/api/projects/${id}/`],
    status: 200,
    reads: {
      ...PROJECT,
      label_config: TEXT_CONFIG,
      parsed_label_config: { label: { type: 'Choices', to_name: ['text'] } },
    },
  },
  {
    sdk: 'project.set_params(title=...)',
    send: ({ project: id }) => ['PATCH', `/api/projects/${id}`, { title: 'Letters', maximum_annotations: 1 }],
    status: 200,
    reads: { title: 'Letters' },
  },
  {
    sdk: 'ls.projects.validate_label_config(id, label_config)',
    send: ({ project: id }) => ['POST', `/api/projects/${id}/validate/`, { label_config: TEXT_CONFIG }],
    status: 200,
  },
]);

const rowsOf = (count: number) => Array.from({ length: count }, (_, i) => ({ text: `text ${i}` }));
const file = (): FormData => {
  const form = new FormData();
  form.set('file', new Blob([JSON.stringify([{ data: { text: 'from a file' } }])]), 'tasks.json');
  return form;
};

table('import', [
  {
    sdk: 'project.import_tasks([...])',
    send: ({ project: id }) => ['POST', `/api/projects/${id}/import?return_task_ids=1`, rowsOf(3)],
    status: 201,
    reads: { task_count: 3, annotation_count: 0, prediction_count: 0, task_ids: expect.any(Array) },
    keep: ({ task_ids }: { task_ids: number[] }) => {
      made.tasks = task_ids;
    },
  },
  {
    sdk: 'project.import_tasks({"data": ..., "annotations": [...]})',
    send: ({ project: id }) => [
      'POST',
      `/api/projects/${id}/import`,
      [{ data: { text: 'labeled' }, annotations: [{ result: [answerOf('spam')] }] }],
    ],
    status: 201,
    reads: { task_count: 1, annotation_count: 1 },
  },
  {
    sdk: 'ls.projects.import_tasks(id, request=[...], return_task_ids=True)',
    send: ({ project: id }) => [
      'POST',
      `/api/projects/${id}/import?commit_to_project=true&return_task_ids=true`,
      [{ data: { text: 'pre-labeled' }, predictions: [{ result: [answerOf('ham')], score: 0.5 }] }],
    ],
    status: 201,
    reads: { prediction_count: 1, task_ids: [expect.any(Number)] },
  },
  {
    sdk: 'project.import_tasks("tasks.json")',
    send: ({ project: id }) => ['POST', `/api/projects/${id}/import`, file()],
    status: 201,
    reads: { task_count: 1, found_formats: { json: 1 }, data_columns: ['text'] },
  },
  {
    sdk: 'ls.tasks.create(project=..., data=...)',
    send: ({ project: id }) => ['POST', '/api/tasks/', { data: { text: 'one' }, project: id }],
    status: 201,
    reads: { id: expect.any(Number), data: { text: 'one' }, annotations: [] },
  },
  {
    sdk: 'project.import_tasks([...], preannotated_from_fields=["label"])',
    send: () => [
      'POST',
      `/api/projects/${made.second}/import?return_task_ids=1&preannotated_from_fields=label`,
      [
        { text: 'one', label: 'spam' },
        { text: 'two', label: { choices: ['ham'] } },
      ],
    ],
    status: 201,
    reads: { task_count: 2, prediction_count: 2, task_ids: [expect.any(Number), expect.any(Number)] },
  },
  {
    sdk: 'ls.projects.import_tasks(id, request=[...], preannotated_from_fields=["label"]), a field that is not there',
    send: () => [
      'POST',
      `/api/projects/${made.second}/import?preannotated_from_fields=nope`,
      [{ text: 'one', label: 'spam' }],
    ],
    status: 400,
    reads: { validation_errors: { nope: [expect.stringContaining('Row 1')] } },
  },
  {
    sdk: 'the tasks of that import',
    send: () => ['GET', `/api/tasks/?project=${made.second}&fields=all`],
    status: 200,
    reads: {
      total: 2,
      tasks: [
        { data: { text: 'one' }, predictions: [{ result: [answerOf('spam')] }] },
        { data: { text: 'two' }, predictions: [{ result: [answerOf('ham')] }] },
      ],
    },
  },
  {
    sdk: 'ls.projects.import_tasks(..., commit_to_project=False)',
    send: () => ['POST', `/api/projects/${made.second}/import?commit_to_project=False`, file()],
    status: 201,
    reads: {
      task_count: 1,
      annotation_count: null,
      prediction_count: null,
      file_upload_ids: [expect.any(Number)],
      data_columns: ['text'],
    },
    keep: ({ file_upload_ids }: { file_upload_ids: number[] }) => {
      made.upload = file_upload_ids[0]!;
    },
  },
  {
    sdk: 'ls.projects.file_uploads.list(id, all=True)',
    send: (at) => ['GET', `/api/projects/${at.second}/file-uploads?all=true`],
    status: 200,
    reads: [{ id: expect.any(Number), file: 'tasks.json' }],
  },
  {
    sdk: 'GET imports/{id} while it waits',
    send: (at) => ['GET', `/api/projects/${at.second}/imports/${at.upload}/`],
    status: 200,
    reads: { status: 'completed', commit_to_project: false, task_count: 1, task_ids: [] },
  },
  {
    sdk: 'and no task is there',
    send: (at) => ['GET', `/api/tasks?project=${at.second}`],
    status: 200,
    reads: { total: 2 },
  },
  {
    sdk: 'POST reimport',
    send: (at) => [
      'POST',
      `/api/projects/${at.second}/reimport`,
      { file_upload_ids: [at.upload], files_as_tasks_list: true },
    ],
    status: 201,
    reads: { task_count: 1, annotation_count: 0, task_ids: [expect.any(Number)], data_columns: ['text'] },
  },
  {
    sdk: 'GET reimports/{id}',
    send: (at) => ['GET', `/api/projects/${at.second}/reimports/${at.upload}/`],
    status: 200,
    reads: { status: 'completed', commit_to_project: true, task_ids: [expect.any(Number)], error: null },
  },
  {
    sdk: 'POST reimport once more',
    send: (at) => ['POST', `/api/projects/${at.second}/reimport`, { file_upload_ids: [at.upload] }],
    status: 404,
  },
  {
    sdk: 'POST reimport of nothing',
    send: (at) => ['POST', `/api/projects/${at.second}/reimport`, { file_upload_ids: [] }],
    status: 200,
    reads: { task_count: 0, file_upload_ids: [] },
  },
  {
    sdk: 'ls.projects.imports.list(id)',
    send: (at) => ['GET', `/api/projects/${at.second}/imports/?page=1`],
    status: 200,
    reads: { count: 2, results: [{ status: 'completed', project: 2 }, { preannotated_from_fields: ['label'] }] },
  },
  {
    sdk: 'project.import_tasks([{"wrong": 1}])',
    send: ({ project: id }) => ['POST', `/api/projects/${id}/import`, [{ wrong: 1 }]],
    status: 400,
    reads: { status_code: 400, code: 'INPUT_MISSING_FIELD', detail: expect.stringContaining('"text"') },
  },
]);

const asked = (project: number, query: object) =>
  ['GET', `/api/tasks?project=${project}&query=${encodeURIComponent(JSON.stringify(query))}`] as const;
const ordered = (project: number, field: string) => asked(project, { ordering: [field] });
const filtered = (project: number, field: string, operator: string, value: unknown) =>
  asked(project, { filters: { conjunction: 'and', items: [{ filter: `filter:tasks:${field}`, operator, value }] } });

table('tasks', [
  {
    sdk: 'ls.tasks.list(project=..., fields="all")',
    send: ({ project: id }) => ['GET', `/api/tasks/?page=1&page_size=5&project=${id}&fields=all&include=id,data`],
    status: 200,
    reads: {
      total: 7,
      total_annotations: 1,
      total_predictions: 1,
      tasks: Array.from({ length: 5 }, () => ({ annotations: expect.any(Array), drafts: [] })),
    },
  },
  {
    sdk: 'ls.tasks.list(project=...), the page after the last one',
    send: ({ project: id }) => ['GET', `/api/tasks/?page=3&page_size=5&project=${id}`],
    status: 404,
    reads: { detail: 'Invalid page.' },
  },
  {
    sdk: 'project.get_paginated_tasks(), which asks for all',
    send: ({ project: id }) => ['GET', `/api/tasks?project=${id}&page=1&page_size=-1&fields=all&include=id`],
    status: 200,
    reads: { total: 7, tasks: Array.from({ length: 7 }, () => ({ id: expect.any(Number) })) },
  },
  {
    sdk: 'project.get_unlabeled_tasks()',
    send: ({ project: id }) => ['GET', `/api/tasks?project=${id}&page=1&page_size=100&query=${unlabeled(true)}`],
    status: 200,
    reads: { total: 6 },
  },
  {
    sdk: 'project.get_labeled_tasks()',
    send: ({ project: id }) => ['GET', `/api/tasks?project=${id}&page=1&page_size=100&query=${unlabeled(false)}`],
    status: 200,
    reads: { total: 1, tasks: [{ data: { text: 'labeled' } }] },
  },
  {
    sdk: 'project.get_labeled_tasks(), the page after the last one',
    send: ({ project: id }) => ['GET', `/api/tasks?project=${id}&page=2&page_size=100&query=${unlabeled(false)}`],
    status: 404,
  },
  {
    sdk: 'project.get_tasks(selected_ids=[...])',
    send: ({ project: id, tasks }) => {
      const query = JSON.stringify({
        selectedItems: { all: false, included: tasks.slice(0, 2) },
        ordering: ['-tasks:id'],
      });
      return ['GET', `/api/tasks?project=${id}&page=1&page_size=100&query=${encodeURIComponent(query)}`];
    },
    status: 200,
    reads: { total: 2 },
  },
  {
    sdk: 'ls.tasks.list(query=...) by what the data say',
    send: ({ project: id }) => {
      const item = { filter: 'filter:tasks:data.text', operator: 'contains', value: 'label', type: 'String' };
      const query = JSON.stringify({ filters: { conjunction: 'and', items: [item] } });
      return ['GET', `/api/tasks/?project=${id}&query=${encodeURIComponent(query)}`];
    },
    status: 200,
    reads: { total: 2 },
  },
  {
    sdk: 'project.get_tasks(ordering=["-" + Column.data("text")])',
    send: (at) => ordered(at.second, '-tasks:data.text'),
    status: 200,
    reads: { tasks: [{ data: { text: 'two' } }, { data: { text: 'one' } }, { data: { text: 'from a file' } }] },
  },
  {
    sdk: 'project.get_tasks(ordering=["-" + Column.predictions_results])',
    send: (at) => ordered(at.second, '-tasks:predictions_results'),
    status: 200,
    // Spam before ham; what has none comes last.
    reads: { tasks: [{ data: { text: 'one' } }, { data: { text: 'two' } }, { data: { text: 'from a file' } }] },
  },
  {
    sdk: 'project.get_tasks(ordering=["tasks:agreement"])',
    send: (at) => ordered(at.second, 'tasks:agreement'),
    status: 400,
    reads: { detail: expect.stringContaining('agreement') },
  },
  {
    sdk: 'project.get_tasks(filters=by predictions)',
    send: ({ project: id }) => filtered(id, 'predictions_score', 'less', 0.9),
    status: 200,
    reads: { total: 1, tasks: [{ data: { text: 'pre-labeled' } }] },
  },
  {
    sdk: 'project.get_tasks(filters=by model version)',
    send: (at) => filtered(at.second, 'predictions_model_versions', 'contains', 'imported'),
    status: 200,
    reads: { total: 2 },
  },
  {
    sdk: 'project.get_tasks(filters=without predictions)',
    send: (at) => filtered(at.second, 'total_predictions', 'equal', 0),
    status: 200,
    reads: { total: 1, tasks: [{ data: { text: 'from a file' } }] },
  },
  {
    sdk: 'project.get_tasks(filters=by what annotations say)',
    send: ({ project: id }) => filtered(id, 'annotations_results', 'contains', 'spam'),
    status: 200,
    reads: { total: 1, tasks: [{ data: { text: 'labeled' } }] },
  },
  {
    sdk: 'ls.tasks.list(query=...) by what is not known here',
    send: ({ project: id }) => {
      const item = { filter: 'filter:tasks:agreement', operator: 'less', value: 50, type: 'Number' };
      const query = JSON.stringify({ filters: { conjunction: 'and', items: [item] } });
      return ['GET', `/api/tasks/?project=${id}&query=${encodeURIComponent(query)}`];
    },
    status: 400,
    reads: { detail: expect.stringContaining('agreement') },
  },
  { sdk: 'ls.tasks.list(view=7)', send: ({ project: id }) => ['GET', `/api/tasks/?project=${id}&view=7`], status: 404 },
  {
    sdk: 'ls.tasks.get(id)',
    send: ({ tasks }) => ['GET', `/api/tasks/${tasks[0]}/`],
    status: 200,
    reads: { data: { text: 'text 0' }, is_labeled: false, total_annotations: 0 },
  },
  {
    sdk: 'ls.tasks.update(id, data=...)',
    send: ({ tasks, project: id }) => ['PATCH', `/api/tasks/${tasks[0]}/`, { data: { text: 'new' }, project: id }],
    status: 200,
    reads: { data: { text: 'new' } },
  },
  {
    sdk: 'project.get_views()',
    send: ({ project: id }) => ['GET', `/api/dm/views?project=${id}`],
    status: 200,
    reads: [],
  },
]);

const LABELED_VIEW = {
  title: 'labeled',
  ordering: ['tasks:id'],
  filters: {
    conjunction: 'and',
    items: [{ filter: 'filter:tasks:data.text', operator: 'equal', value: 'labeled', type: 'String' }],
  },
};

table('views', [
  {
    sdk: 'project.create_view(filters, ordering, title)',
    send: (at) => ['POST', '/api/dm/views', { project: at.project, data: LABELED_VIEW }],
    status: 201,
    reads: { id: expect.any(Number), data: LABELED_VIEW },
    keep: ({ id }: { id: number }) => {
      made.view = id;
    },
  },
  {
    sdk: 'ls.views.list(project=...)',
    send: (at) => ['GET', `/api/dm/views/?project=${at.project}`],
    status: 200,
    reads: [{ project: expect.any(Number), data: { title: 'labeled' } }],
  },
  {
    sdk: 'ls.views.get(id)',
    send: (at) => ['GET', `/api/dm/views/${at.view}/`],
    status: 200,
    reads: { data: LABELED_VIEW },
  },
  {
    sdk: 'ls.tasks.list(view=id)',
    send: (at) => ['GET', `/api/tasks/?page=1&view=${at.view}&fields=all`],
    status: 200,
    reads: { total: 1, tasks: [{ data: { text: 'labeled' } }] },
  },
  {
    sdk: 'project.get_tasks(view_id=id)',
    send: (at) => ['GET', `/api/tasks?project=${at.project}&page=1&page_size=100&view=${at.view}&query=%7B%7D`],
    status: 200,
    reads: { total: 1 },
  },
  {
    sdk: 'ls.views.update(id, data=...)',
    send: (at) => [
      'PATCH',
      `/api/dm/views/${at.view}/`,
      { project: at.project, data: { ...LABELED_VIEW, title: 'done' } },
    ],
    status: 200,
    reads: { data: { title: 'done' } },
  },
  {
    sdk: 'project.export_snapshot_create(task_filter_options={"view": id})',
    send: (at) => [
      'POST',
      `/api/projects/${at.project}/exports`,
      { title: 'a view', task_filter_options: { view: at.view, only_with_annotations: true } },
    ],
    status: 201,
  },
  {
    sdk: 'ls.tasks.list() of neither',
    send: () => ['GET', '/api/tasks/'],
    status: 400,
    reads: { validation_errors: { project: [expect.any(String)] } },
  },
  {
    sdk: 'ls.actions.list(project=...)',
    send: (at) => ['GET', `/api/dm/actions/?project=${at.project}`],
    status: 200,
    reads: [{ id: 'delete_tasks' }],
  },
  { sdk: 'ls.views.delete(id)', send: (at) => ['DELETE', `/api/dm/views/${at.view}/`], status: 204 },
  { sdk: 'ls.views.get(id), deleted', send: (at) => ['GET', `/api/dm/views/${at.view}/`], status: 404 },
  { sdk: 'ls.tasks.list(view=id), deleted', send: (at) => ['GET', `/api/tasks/?view=${at.view}`], status: 404 },
  {
    sdk: 'ls.views.delete_all(project=...)',
    send: (at) => ['DELETE', '/api/dm/views/reset/', { project: at.project }],
    status: 204,
  },
]);

table('annotations', [
  {
    sdk: 'ls.annotations.create(id, result=...)',
    send: ({ tasks }) => [
      'POST',
      `/api/tasks/${tasks[0]}/annotations/`,
      { result: [answerOf('spam')], was_cancelled: false, ground_truth: true, lead_time: 2.5, task: tasks[0] },
    ],
    status: 201,
    reads: { result: [answerOf('spam')], ground_truth: true, lead_time: 2.5, completed_by: expect.any(Number) },
    keep: ({ id }: { id: number }) => {
      made.annotation = id;
    },
  },
  {
    sdk: 'ls.annotations.list(id)',
    send: ({ tasks }) => ['GET', `/api/tasks/${tasks[0]}/annotations/`],
    status: 200,
    reads: [{ ground_truth: true }],
  },
  { sdk: 'project.get_annotation(id)', send: (at) => ['GET', `/api/annotations/${at.annotation}`], status: 200 },
  {
    sdk: 'project.update_annotation(id, ground_truth=False)',
    send: (at) => ['PATCH', `/api/annotations/${at.annotation}`, { ground_truth: false }],
    status: 200,
    reads: { ground_truth: false },
  },
  {
    sdk: 'ls.annotations.create(id, result=[what does not fit])',
    send: ({ tasks }) => ['POST', `/api/tasks/${tasks[1]}/annotations/`, { result: [answerOf('eggs')] }],
    status: 400,
    reads: { status_code: 400, detail: expect.stringContaining('eggs') },
  },
  { sdk: 'ls.annotations.delete(id)', send: (at) => ['DELETE', `/api/annotations/${at.annotation}/`], status: 204 },
]);

describe('an answer brought by its owner', () => {
  const post = (body: object, secret = token) => call('POST', `/api/tasks/${made.tasks[2]}/annotations`, body, secret);
  const person = async (name: string, project: number | null, role: string) =>
    (await call('POST', '/api/tokens', { name, role, project }, running.secret)).body as {
      annotator: number;
      secret: string;
    };

  it('is of whom `completed_by` names', async () => {
    const ada = await person('ada', made.project, 'annotator');
    const answer = { result: [answerOf('spam')], completed_by: ada.annotator };
    const own = await post(answer);
    expect(own).toMatchObject({ status: 201, body: { completed_by: ada.annotator } });
    const { id } = own.body as { id: number };
    const path = `/api/annotations/${id}`;
    expect(await call('PATCH', path, { ground_truth: true, completed_by: ada.annotator })).toMatchObject({
      status: 200,
    });
    expect(await call('PATCH', path, { completed_by: made.user })).toMatchObject({
      status: 400,
      body: { validation_errors: { completed_by: [expect.any(String)] } },
    });
    expect(await call('DELETE', path)).toMatchObject({ status: 204 });
  });

  it('is refused for somebody who is not there, and for others than owners', async () => {
    const ben = await person('ben', made.project, 'annotator');
    const lead = await person('lead', made.project, 'owner');
    const far = await person('far', made.second, 'annotator');
    const answer = (completed_by: number) => ({ result: [answerOf('spam')], completed_by });
    const nobody = await post(answer(987_654));
    expect(nobody).toMatchObject({ status: 400, body: { validation_errors: { completed_by: [expect.any(String)] } } });
    const foreign = await post(answer(far.annotator), lead.secret);
    expect(foreign).toMatchObject({ status: 400, body: { code: 'INPUT_BAD_FIELD' } });
    expect(await post(answer(made.user), ben.secret)).toMatchObject({ status: 403 });
    const mine = await post(answer(ben.annotator), ben.secret);
    expect(mine).toMatchObject({ status: 201, body: { completed_by: ben.annotator } });
    await call('DELETE', `/api/annotations/${(mine.body as { id: number }).id}`);
  });
});

table('storages', [
  { sdk: 'GET /api/storages', send: (at) => ['GET', `/api/storages/?project=${at.project}`], status: 200, reads: [] },
  {
    sdk: 'ls.import_storage.s3.list(project)',
    send: (at) => ['GET', `/api/storages/s3/?project=${at.project}`],
    status: 200,
    reads: [],
  },
  {
    sdk: 'ls.export_storage.gcs.list(project)',
    send: (at) => ['GET', `/api/storages/export/gcs?project=${at.project}`],
    status: 200,
    reads: [],
  },
  {
    sdk: 'ls.import_storage.s3.create(...)',
    send: (at) => ['POST', '/api/storages/s3/', { project: at.project }],
    status: 404,
  },
]);

table('predictions', [
  {
    sdk: 'ls.predictions.create(task=..., result=..., score=..., model_version=...)',
    send: ({ tasks }) => [
      'POST',
      '/api/predictions/',
      { task: tasks[0], result: [answerOf('ham')], score: 0.9, model_version: 'mine-1' },
    ],
    status: 201,
    reads: { score: 0.9, model_version: 'mine-1' },
    keep: ({ id }: { id: number }) => {
      made.prediction = id;
    },
  },
  {
    sdk: 'project.create_prediction(task_id, result={"choices": ["spam"]})',
    send: ({ tasks }) => ['POST', '/api/predictions', { task: tasks[1], result: { choices: ['spam'] }, score: 0 }],
    status: 201,
    reads: { result: [{ from_name: 'label', type: 'choices', value: { choices: ['spam'] } }] },
  },
  {
    sdk: 'project.create_prediction(task_id, result="ham")',
    send: ({ tasks }) => ['POST', '/api/predictions', { task: tasks[1], result: 'ham', score: 0 }],
    status: 201,
    reads: { result: [{ value: { choices: ['ham'] } }] },
  },
  {
    sdk: 'project.create_predictions([...])',
    send: ({ project: id, tasks }) => [
      'POST',
      `/api/projects/${id}/import/predictions`,
      tasks.map((task) => ({ task, result: [answerOf('ham')], score: 0.5, model_version: 'mine-2' })),
    ],
    status: 201,
    reads: { created: 3 },
  },
  {
    sdk: 'project.create_predictions([one of them wrong])',
    send: ({ project: id, tasks }) => [
      'POST',
      `/api/projects/${id}/import/predictions`,
      [
        { task: tasks[0], result: 'ham' },
        { task: tasks[1], result: 'eggs' },
      ],
    ],
    status: 400,
    reads: { detail: expect.stringMatching(/^Prediction 2: /), details: { prediction: 1 } },
  },
  {
    sdk: 'ls.predictions.list(task=...)',
    send: ({ tasks }) => ['GET', `/api/predictions/?task=${tasks[0]}`],
    status: 200,
    reads: [{ model_version: 'mine-1' }, { model_version: 'mine-2' }],
  },
  {
    sdk: 'ls.predictions.list(project=...)',
    send: ({ project: id }) => ['GET', `/api/predictions/?project=${id}`],
    status: 200,
    reads: expect.arrayContaining([
      expect.objectContaining({ model_version: 'mine-1', score: 0.9 }),
      expect.objectContaining({ model_version: 'mine-2', result: [answerOf('ham')] }),
      expect.objectContaining({ model_version: 'imported', score: 0.5 }),
    ]),
  },
  {
    sdk: 'project.get_model_versions()',
    send: (at) => ['GET', `/api/projects/${at.project}/model-versions`],
    status: 200,
    reads: { 'mine-1': 1, 'mine-2': 3 },
  },
  {
    sdk: 'GET model-versions?extended=true',
    send: (at) => ['GET', `/api/projects/${at.project}/model-versions/?extended=true`],
    status: 200,
    reads: { static: expect.arrayContaining([{ model_version: 'mine-2', count: 3, latest: expect.any(String) }]) },
  },
  {
    sdk: 'DELETE model-versions',
    send: (at) => ['DELETE', `/api/projects/${at.project}/model-versions/`, { model_version: 'mine-2' }],
    status: 200,
    reads: 3,
  },
  {
    sdk: 'DELETE model-versions of an import',
    send: (at) => ['DELETE', `/api/projects/${at.project}/model-versions/`, { model_version: 'imported' }],
    status: 409,
  },
  {
    sdk: 'ls.predictions.get(id)',
    send: (at) => ['GET', `/api/predictions/${at.prediction}/`],
    status: 200,
    reads: { score: 0.9 },
  },
  {
    sdk: 'ls.predictions.update(id, score=...)',
    send: (at) => ['PATCH', `/api/predictions/${at.prediction}/`, { score: 0.4, result: [answerOf('spam')] }],
    status: 200,
    reads: { score: 0.4, result: [answerOf('spam')] },
  },
  {
    sdk: 'ls.predictions.update(id, model_version=another)',
    send: (at) => ['PATCH', `/api/predictions/${at.prediction}/`, { model_version: 'mine-9' }],
    status: 400,
    reads: { validation_errors: { model_version: [expect.any(String)] } },
  },
  { sdk: 'ls.predictions.delete(id)', send: (at) => ['DELETE', `/api/predictions/${at.prediction}/`], status: 204 },
  { sdk: 'ls.predictions.get(id), deleted', send: (at) => ['GET', `/api/predictions/${at.prediction}/`], status: 404 },
]);

table('export', [
  {
    sdk: 'project.export_tasks()',
    send: ({ project: id }) => ['GET', `/api/projects/${id}/export?exportType=JSON&download_all_tasks=false`],
    status: 200,
    reads: [{ data: { text: 'labeled' }, annotations: [{ result: [answerOf('spam')] }] }],
  },
  {
    sdk: 'project.export_tasks(ids=[...], download_all_tasks=True)',
    send: ({ project: id, tasks }) => [
      'GET',
      `/api/projects/${id}/export?exportType=JSON&download_all_tasks=True&ids[]=${tasks[0]}&ids[]=${tasks[2]}`,
    ],
    status: 200,
    reads: [{ data: { text: 'new' } }, { data: { text: 'text 2' } }],
  },
  {
    sdk: 'ls.projects.exports.download_sync(id, export_type="CSV")',
    send: ({ project: id }) => ['GET', `/api/projects/${id}/export?export_type=CSV`],
    status: 200,
  },
  {
    sdk: 'ls.projects.exports.as_json(id)',
    send: ({ project: id }) => [
      'GET',
      `/api/projects/${id}/export?download_all_tasks=true&download_resources=true&export_type=JSON`,
    ],
    status: 200,
    reads: expect.arrayContaining([expect.objectContaining({ data: { text: 'labeled' } })]),
  },
  {
    sdk: 'ls.projects.exports.list_formats(id)',
    send: ({ project: id }) => ['GET', `/api/projects/${id}/export/formats`],
    status: 200,
  },
  {
    sdk: 'ls.projects.exports.create(id, title=...)',
    send: ({ project: id }) => [
      'POST',
      `/api/projects/${id}/exports?interpolate_key_frames=false`,
      { title: 'before', task_filter_options: { annotated: 'only' }, serialization_options: {} },
    ],
    status: 201,
    reads: { title: 'before', status: expect.stringMatching(/^(created|in_progress|completed)$/) },
    keep: ({ id }: { id: number }) => {
      made.snapshot = id;
    },
  },
  {
    sdk: 'ls.projects.exports.list(id)',
    send: ({ project: id }) => ['GET', `/api/projects/${id}/exports/`],
    status: 200,
    reads: [{ title: 'before' }, { title: 'a view' }],
  },
]);

describe('an export snapshot', () => {
  const path = () => `/api/projects/${made.project}/exports/${made.snapshot}`;

  it('stays what it was, is read in any format, and goes', async () => {
    for (let status = ''; status !== 'completed'; ) {
      ({ status } = (await call('GET', path())).body as { status: string });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await call('POST', `/api/tasks/${made.tasks[1]}/annotations/`, { result: [answerOf('ham')] });
    const json = await call('GET', `${path()}/download?exportType=JSON`);
    expect(json).toMatchObject({ status: 200, body: [{ data: { text: 'labeled' } }] });
    expect(json.body).toHaveLength(1);
    const converted = await call('POST', `${path()}/convert`, { export_type: 'CSV' });
    expect(converted).toMatchObject({
      status: 200,
      body: { export_type: 'CSV', converted_format: expect.any(Number) },
    });
    const csv = await call('GET', `${path()}/download?exportType=CSV`);
    expect(csv.status).toBe(200);
    expect(csv.text).toContain('labeled');
    expect((await call('POST', `${path()}/convert`, { export_type: 'NONSENSE' })).status).toBe(400);
    expect((await call('DELETE', `${path()}/`)).status).toBe(204);
    expect((await call('GET', path())).status).toBe(404);
    const left = (await call('GET', `/api/projects/${made.project}/exports`)).body;
    expect(left).toMatchObject([{ title: 'a view', counters: { task_number: 1 } }]);
  });
});

table('labeling, deleting, errors', [
  { sdk: 'ls.projects.delete(id)', send: (at) => ['DELETE', `/api/projects/${at.second}/`], status: 204 },
  {
    sdk: 'GET /api/projects/{id}/next',
    send: ({ project: id }) => ['GET', `/api/projects/${id}/next`],
    status: 200,
    reads: { id: expect.any(Number), data: { text: expect.any(String) } },
  },
  {
    sdk: 'project.delete_tasks([...])',
    send: ({ project: id, tasks }) => [
      'POST',
      `/api/dm/actions?project=${id}&id=delete_tasks`,
      { selectedItems: { all: false, included: tasks.slice(0, 2) } },
    ],
    status: 200,
    reads: { processed_items: 2 },
  },
  {
    sdk: 'ls.actions.create(id="retrieve_tasks_predictions")',
    send: ({ project: id }) => [
      'POST',
      `/api/dm/actions/?project=${id}&id=retrieve_tasks_predictions`,
      { selectedItems: { all: true, excluded: [] } },
    ],
    status: 400,
    reads: { validation_errors: { id: expect.any(Array) } },
  },
  { sdk: 'ls.tasks.delete(id)', send: ({ tasks }) => ['DELETE', `/api/tasks/${tasks[2]}/`], status: 204 },
  {
    sdk: 'ls.tasks.delete_all_tasks(id)',
    send: ({ project: id }) => ['DELETE', `/api/projects/${id}/tasks/`],
    status: 204,
  },
  {
    sdk: 'ls.tasks.list(project=...) of nothing',
    send: ({ project: id }) => ['GET', `/api/tasks/?project=${id}&page=1`],
    status: 200,
    reads: { tasks: [], total: 0 },
  },
  {
    sdk: 'ls.tasks.get(id=987654)',
    send: () => ['GET', '/api/tasks/987654/'],
    status: 404,
    reads: { status_code: 404, detail: expect.any(String) },
  },
  {
    sdk: 'ls.projects.create(label_config=nonsense)',
    send: () => ['POST', '/api/projects/', { label_config: '<View>' }],
    status: 400,
    reads: { status_code: 400, detail: expect.any(String) },
  },
  {
    sdk: 'ls.tasks.create(data=...) without a project',
    send: () => ['POST', '/api/tasks/', { data: { text: 'x' } }],
    status: 400,
    reads: { validation_errors: { project: expect.any(Array) } },
  },
  { sdk: 'GET /api/nonsense', send: () => ['GET', '/api/nonsense/'], status: 404, reads: { status_code: 404 } },
]);

describe('a file that waits', () => {
  const hold = async (project: number) =>
    (await call('POST', `/api/projects/${project}/import?commit_to_project=false`, file())).body as {
      file_upload_ids: number[];
    };
  const spooled = () => readdirSync(join(folder, 'spool')).filter((name) => !name.startsWith('export-'));
  const waiting = async (project: number) => (await call('GET', `/api/projects/${project}/file-uploads`)).body;

  it('is forgotten on request, for good', async () => {
    const { file_upload_ids } = await hold(made.project);
    const path = `/api/projects/${made.project}/file-uploads`;
    expect(await call('DELETE', path, { file_upload_ids })).toMatchObject({ status: 200, body: { deleted: 1 } });
    expect(await waiting(made.project)).toEqual([]);
    expect(await call('POST', `/api/projects/${made.project}/reimport`, { file_upload_ids })).toMatchObject({
      status: 404,
    });
    expect(spooled()).toEqual([]);
  });

  it('is no file of another project, and goes with its own', async () => {
    const other = (await call('POST', '/api/projects', project)).body as { id: number };
    const { file_upload_ids } = await hold(other.id);
    const foreign = await call('POST', `/api/projects/${made.project}/reimport`, { file_upload_ids });
    expect(foreign).toMatchObject({ status: 404, body: { status_code: 404 } });
    expect(await waiting(other.id)).toHaveLength(1);
    await call('DELETE', `/api/projects/${other.id}`);
    expect(spooled()).toEqual([]);
  });

  it('that fits no more fails alone, and the answer names those that are done', async () => {
    const other = (await call('POST', '/api/projects', project)).body as { id: number };
    const path = `/api/projects/${other.id}`;
    const keep = async (row: object) => {
      const { body } = await call('POST', `${path}/import?commit_to_project=false`, [row]);
      return (body as { file_upload_ids: number[] }).file_upload_ids[0]!;
    };
    const [fits, not, fitsToo] = [
      await keep({ text: 'a', body: 'b' }),
      await keep({ text: 'a' }),
      await keep({ text: 'c', body: 'd' }),
    ];
    const changed = { label_config: TEXT_CONFIG.replace('$text', '$body') };
    expect(await call('PATCH', path, changed)).toMatchObject({ status: 200 });
    const partly = await call('POST', `${path}/reimport`, { file_upload_ids: [fits, not, fitsToo] });
    expect(partly).toMatchObject({
      status: 400,
      body: {
        code: 'INPUT_MISSING_FIELD',
        detail: expect.stringContaining(`Import ${not}: `),
        details: { finished: [fits, fitsToo], failed: [{ id: not, code: 'INPUT_MISSING_FIELD' }] },
      },
    });
    expect(await call('GET', `/api/tasks?project=${other.id}`)).toMatchObject({ body: { total: 2 } });
    await call('DELETE', path);
  });

  it('is refused when it does not fit, as any import is', async () => {
    const path = `/api/projects/${made.project}/import?commit_to_project=false`;
    expect(await call('POST', path, [{ wrong: 1 }])).toMatchObject({ status: 400 });
    expect(await waiting(made.project)).toEqual([]);
  });
});

describe('tokens', () => {
  it('may come as Token or Bearer, and a personal one is exchanged for itself', async () => {
    const bearer = (secret: string) =>
      fetch(`${running.url}/api/current-user/whoami`, { headers: { authorization: `Bearer ${secret}` } });
    expect((await bearer(token)).status).toBe(200);
    expect((await bearer('hs_wrong')).status).toBe(401);
    const refresh = (value: string) =>
      fetch(`${running.url}/api/token/refresh/`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh: value }),
      });
    expect(await (await refresh(token)).json()).toEqual({ access: token });
    const refused = await refresh('hs_wrong');
    expect(refused.status).toBe(401);
    expect(await refused.json()).toMatchObject({ status_code: 401, detail: expect.any(String) });
  });
});
