-- What people do to open work besides ending it: hold it, and move it to another working copy.

-- Since when it is paused, by itself or with the work above it. It is not claimed then, whatever its state.
alter table animus.work_items add column paused_at timestamptz;
-- The working copy where its earlier foci worked, as machine:folder; null where all worked in the one it is in.
alter table animus.work_items add column moved_from text;

-- Places all of whose work is held: nothing is claimed there until the row is gone.
create table animus.paused_places (
  place uuid primary key,
  paused_at timestamptz not null default now(),
  paused_by text not null
);
