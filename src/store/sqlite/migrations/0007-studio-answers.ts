/** Answers given here on their way to Label Studio: what both sides last agreed on, and what was being sent. */

export const studioAnswers = `
-- Hash of the answer that both sides had last; '' for rows from before this was kept.
alter table studio_annotations add column agreed text not null default '';
alter table studio_annotations add column studio_task integer;
create index studio_annotations_deleted on studio_annotations (connection_id, studio_id)
  where annotation_id is null and agreed != '';

-- Written down before an answer goes out. No reference to it: if it is deleted meanwhile, the other side has to hear of that.
create table studio_sending (
  connection_id integer not null references connections on delete cascade,
  annotation_id integer not null,
  studio_task integer not null,
  key text not null,
  agreed text not null,
  primary key (connection_id, annotation_id)
) strict, without rowid;
create index studio_sending_by_task on studio_sending (connection_id, studio_task);
`;
