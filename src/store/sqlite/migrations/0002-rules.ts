/** Rules: their documents, their faults, and votes that name their own labeler, because a run of rules has many. */

export const rules = `
create table rule_documents (
  id integer primary key autoincrement,
  project_id integer not null references projects on delete cascade,
  number integer not null,
  version text not null,
  text text not null,
  lists text not null,
  rule_count integer not null,
  patterns text not null,
  created_at text not null,
  unique (project_id, number)
) strict;

create table rule_faults (
  project_id integer not null references projects on delete cascade,
  labeler_id integer not null references labelers,
  error text not null,
  created_at text not null,
  primary key (project_id, labeler_id)
) strict, without rowid;

-- labeler_id 0: the labeler of the run.
create table votes_by_labeler (
  run_id integer not null,
  task_id integer not null references tasks on delete cascade,
  label_id integer not null,
  labeler_id integer not null,
  score real not null,
  primary key (run_id, task_id, label_id, labeler_id)
) strict, without rowid;
insert into votes_by_labeler (run_id, task_id, label_id, labeler_id, score)
  select run_id, task_id, label_id, 0, score from votes;
drop table votes;
alter table votes_by_labeler rename to votes;
create index votes_by_task on votes (task_id, score);
`;
