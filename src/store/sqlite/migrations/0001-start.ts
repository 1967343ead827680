/** The first schema. Integer keys never come back after a delete, because votes, tensors and exports name them. */

export const start = `
create table projects (
  id integer primary key autoincrement,
  title text not null,
  description text not null,
  instruction text not null,
  label_config text not null,
  settings text not null,
  ordinals integer not null default 0,
  created_at text not null,
  updated_at text not null,
  archived_at text,
  deleted_at text
) strict;

create table project_counts (
  project_id integer primary key references projects on delete cascade,
  tasks integer not null,
  annotations integer not null,
  skipped integer not null,
  ground_truth integer not null
) strict;

create table answer_counts (
  project_id integer not null references projects on delete cascade,
  answers integer not null,
  tasks integer not null,
  primary key (project_id, answers)
) strict, without rowid;

create table labelers (
  id integer primary key autoincrement,
  kind text not null,
  name text not null,
  version text not null,
  unique (kind, name, version)
) strict;

create table runs (
  id integer primary key autoincrement,
  project_id integer not null references projects on delete cascade,
  kind text not null,
  labeler_id integer references labelers,
  summary text not null,
  params text not null,
  state text not null,
  written integer not null,
  cursor integer not null,
  created_at text not null,
  finished_at text,
  revoked_at text
) strict;
create index runs_by_project on runs (project_id);
create index runs_revoked on runs (id) where revoked_at is not null;

create table tasks (
  id integer primary key autoincrement,
  project_id integer not null references projects on delete cascade,
  run_id integer not null references runs,
  ordinal integer not null,
  data text not null,
  meta text not null,
  created_at text not null,
  updated_at text not null
) strict;
create unique index tasks_by_ordinal on tasks (project_id, ordinal);
create index tasks_by_run on tasks (run_id);
create index tasks_by_project on tasks (project_id);

create table task_answers (
  task_id integer primary key references tasks on delete cascade,
  project_id integer not null,
  answers integer not null,
  skipped integer not null,
  ground_truth integer not null
) strict;
create index task_answers_by_project on task_answers (project_id);

-- parent_prediction is no foreign key: without an index of its own it would be looked for in all rows. Whoever removes
-- a prediction forgets it here.
create table annotations (
  id integer primary key autoincrement,
  project_id integer not null,
  task_id integer not null references tasks on delete cascade,
  annotator_id integer not null references labelers,
  result text not null,
  skipped integer not null,
  ground_truth integer not null,
  visible_ms real,
  via text not null,
  parent_prediction integer,
  outcome text not null,
  difference text not null,
  blind integer not null,
  note text not null,
  submission_id text not null,
  run_id integer references runs,
  created_at text not null,
  updated_at text not null
) strict;
create index annotations_by_task on annotations (task_id, annotator_id);
create unique index annotations_by_submission on annotations (task_id, annotator_id, submission_id)
  where submission_id <> '';
create index annotations_by_project on annotations (project_id);
create index annotations_by_annotator on annotations (project_id, annotator_id);
create index annotations_by_run on annotations (run_id) where run_id is not null;

create table predictions (
  id integer primary key autoincrement,
  project_id integer not null,
  task_id integer not null references tasks on delete cascade,
  labeler_id integer not null references labelers,
  run_id integer references runs,
  result text not null,
  score real,
  created_at text not null
) strict;
create index predictions_by_task on predictions (task_id);
create index predictions_by_run on predictions (run_id) where run_id is not null;

create table labels (
  id integer primary key autoincrement,
  project_id integer not null references projects on delete cascade,
  control text not null,
  value text not null,
  removed_at text,
  merged_into integer references labels
) strict;
create index labels_by_project on labels (project_id, control, value);
create unique index labels_living on labels (project_id, control, value) where removed_at is null;
create index labels_merged on labels (merged_into) where merged_into is not null;

-- run_id and label_id are checked once per write by the query code, not once per row by the engine.
create table votes (
  run_id integer not null,
  task_id integer not null references tasks on delete cascade,
  label_id integer not null,
  score real not null,
  primary key (run_id, task_id, label_id)
) strict, without rowid;
create index votes_by_task on votes (task_id, score);

create table leases (
  task_id integer not null references tasks on delete cascade,
  annotator_id integer not null references labelers,
  project_id integer not null,
  expires_at integer not null,
  prediction_id integer,
  blind integer not null,
  primary key (task_id, annotator_id)
) strict, without rowid;
create index leases_by_annotator on leases (project_id, annotator_id);
create index leases_by_expiry on leases (expires_at);

create table postponed (
  task_id integer not null references tasks on delete cascade,
  annotator_id integer not null references labelers,
  project_id integer not null,
  postponed_at integer not null,
  primary key (task_id, annotator_id)
) strict, without rowid;
create index postponed_by_annotator on postponed (project_id, annotator_id, postponed_at);

create table models (
  id integer primary key autoincrement,
  project_id integer not null references projects on delete cascade,
  control text not null,
  version text not null,
  number integer not null,
  embedder text not null,
  trained_on integer not null,
  metrics text not null,
  head blob not null,
  active integer not null,
  verdict text not null,
  created_at text not null,
  unique (project_id, control, version),
  unique (project_id, control, number)
) strict;
create unique index models_active on models (project_id, control) where active = 1;

create table tokens (
  id integer primary key autoincrement,
  hash text not null unique,
  annotator_id integer not null references labelers,
  role text not null,
  project_id integer references projects on delete cascade,
  label text not null,
  created_at text not null,
  revoked_at text
) strict;
create index tokens_by_project on tokens (project_id);

create table jobs (
  id integer primary key autoincrement,
  project_id integer references projects on delete cascade,
  kind text not null,
  params text not null,
  state text not null,
  stage text not null,
  done integer not null,
  total integer not null,
  failed integer not null,
  attempts integer not null,
  cancel_requested integer not null,
  error text,
  output text not null,
  revision integer not null unique,
  dedupe_key text,
  owner text,
  lease_expires_at integer,
  created_at text not null,
  updated_at text not null
) strict;
create index jobs_by_project on jobs (project_id);
create index jobs_by_state on jobs (state, kind);

create table job_failures (
  job_id integer not null references jobs on delete cascade,
  task_id integer not null,
  error text not null,
  primary key (job_id, task_id)
) strict, without rowid;

create table counters (
  name text primary key,
  value integer not null
) strict, without rowid;
insert into counters (name, value) values ('job_revision', 0);
`;
