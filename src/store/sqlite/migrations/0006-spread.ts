/** Spreading labels: where each propagated vote came from, and tasks that people are asked for out of turn. */

export const spread = `
create table vote_sources (
  run_id integer not null,
  task_id integer not null references tasks on delete cascade,
  -- JSON: [[task id, similarity], ...], nearest first.
  sources text not null,
  primary key (run_id, task_id)
) strict, without rowid;

create table wanted_tasks (
  project_id integer not null references projects on delete cascade,
  task_id integer not null references tasks on delete cascade,
  -- 1: drawn at random to check predictions, so it is shown without any.
  checks integer not null,
  primary key (project_id, task_id)
) strict, without rowid;
`;
