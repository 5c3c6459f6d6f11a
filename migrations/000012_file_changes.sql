-- What foci know of files, and what they did to them: kept for the check before a write, for review, and for undoing.

-- A file as a focus saw it last or wrote it. An empty hash: it knows that the file is gone.
create table animus.known_files (
  focus_id uuid not null references animus.foci (id) on delete cascade,
  path text not null,
  sha256 text not null,
  -- Null where it is too long to keep.
  content text,
  noted_at timestamptz not null default now(),
  primary key (focus_id, path)
);

-- One change of one file by one call. Stored with the call's start, and applied once the call has its result.
create table animus.file_changes (
  tool_call_id uuid primary key references animus.tool_calls (id) on delete cascade,
  focus_id uuid not null references animus.foci (id) on delete cascade,
  work_item_id uuid not null,
  path text not null,
  -- Null where there was no such file.
  before_sha256 text,
  before_content text,
  -- False where a secret was in the old text: what is stored of it could not be written back.
  undoable boolean not null,
  after_sha256 text not null,
  diff text not null,
  created_at timestamptz not null default now(),
  applied_at timestamptz,
  undone_at timestamptz,
  undone_by text
);
create index file_changes_of_item on animus.file_changes (work_item_id, created_at);
create index file_changes_of_focus on animus.file_changes (focus_id);
