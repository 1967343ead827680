/** Jobs that pause, that tell their pace, and that run their failed items again. */

export const jobs = `
alter table jobs add column pause_requested integer not null default 0;
alter table jobs add column rate real;
alter table jobs add column retries_to integer;
alter table job_failures add column attempt integer not null default 0;
`;
