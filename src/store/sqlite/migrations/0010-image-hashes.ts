/** Hashes of the pictures that tasks show: making one means decoding the file, two hundred times as long as its checksum. */

export const imageHashes = `
create table image_hashes (
  task_id integer primary key references tasks on delete cascade,
  -- SHA-256 of the file: another file has another hash.
  content text not null,
  -- Name and version of what made it.
  model text not null,
  -- JSON: four numbers of 16 bits, or null for a picture that is almost empty.
  hash text not null
) strict;
`;
