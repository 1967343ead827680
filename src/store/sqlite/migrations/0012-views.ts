/** Views of the Data Manager that scripts make, and an index by which predictions are counted per version. */

export const views = `
create table views (
  id integer primary key autoincrement,
  project_id integer not null references projects on delete cascade,
  -- JSON as the client gave it: filters, ordering, title.
  data text not null
) strict;
create index views_by_project on views (project_id);

create index predictions_by_labeler on predictions (project_id, labeler_id, run_id, created_at);
`;
