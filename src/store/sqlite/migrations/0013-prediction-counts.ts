/** How many predictions there are, by the run of the task and the run of the prediction: no page counts a million rows. */

export const predictionCounts = `
create table prediction_counts (
  project_id integer not null references projects on delete cascade,
  task_run_id integer not null,
  -- 0: no run wrote them.
  run_id integer not null,
  predictions integer not null,
  primary key (project_id, task_run_id, run_id)
) strict, without rowid;

insert into prediction_counts
  select predictions.project_id, tasks.run_id, coalesce(predictions.run_id, 0), count(*)
  from predictions join tasks on tasks.id = predictions.task_id
  group by 1, 2, 3;
`;
