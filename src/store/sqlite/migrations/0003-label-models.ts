/** Label models: one per control, replaced by each fit. */

export const labelModels = `
create table label_models (
  project_id integer not null references projects on delete cascade,
  control text not null,
  version text not null,
  body text not null,
  created_at text not null,
  primary key (project_id, control)
) strict, without rowid;
`;
