/** What the picture or sound that a task shows is like, found out once per file. */

export const mediaFacts = `
create table media_facts (
  task_id integer primary key references tasks on delete cascade,
  -- Hash of what the task pointed to: an edited task has nothing to do with this row.
  reference text not null,
  -- Changes when the bytes do; empty when the file could not be opened.
  version text not null,
  -- JSON.
  facts text not null,
  -- JSON of an error; null when everything could be found out.
  problem text,
  created_at text not null
) strict;
`;
