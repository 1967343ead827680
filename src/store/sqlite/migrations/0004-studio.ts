/** Connections to Label Studio: who, which of theirs is which of ours, and events that have not taken effect yet. */

export const studio = `
create table connections (
  id integer primary key autoincrement,
  project_id integer not null references projects on delete cascade,
  secret_hash text not null unique,
  url text,
  studio_project integer,
  token text,
  offered_url text,
  offered_token text,
  settings text not null,
  run_id integer references runs on delete set null,
  created_at text not null
) strict;
create index connections_by_project on connections (project_id);

-- task_id null: deleted on one side, kept so that a late event does not bring it back.
create table studio_tasks (
  connection_id integer not null references connections on delete cascade,
  studio_id integer not null,
  task_id integer references tasks on delete set null,
  data_hash text not null,
  pushed text not null default '',
  pushing text not null default '',
  owed integer not null default 0,
  primary key (connection_id, studio_id)
) strict, without rowid;
create index studio_tasks_by_task on studio_tasks (task_id);
create index studio_tasks_owed on studio_tasks (connection_id, studio_id) where owed = 1;

create table studio_annotations (
  connection_id integer not null references connections on delete cascade,
  studio_id integer not null,
  annotation_id integer references annotations on delete set null,
  changed_at text not null,
  primary key (connection_id, studio_id)
) strict, without rowid;
create index studio_annotations_by_annotation on studio_annotations (annotation_id);

create table studio_inbox (
  id integer primary key autoincrement,
  connection_id integer not null references connections on delete cascade,
  digest text not null,
  body text not null,
  attempts integer not null default 0,
  error text,
  received_at text not null,
  unique (connection_id, digest)
) strict;

create table trainers (
  project_id integer primary key references projects on delete cascade,
  url text not null,
  secret text not null,
  every integer not null,
  counts text not null,
  called_at integer not null
) strict;
`;
