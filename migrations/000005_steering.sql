-- What people say to work that is under way. A focus takes each message once, at the end of a turn.

create table animus.work_messages (
  id uuid primary key,
  work_item_id uuid not null references animus.work_items (id) on delete cascade,
  content text not null check (length(content) between 1 and 20000),
  said_by text not null,
  created_at timestamptz not null default now(),
  -- The focus that has it in its conversation; null until then.
  focus_id uuid references animus.foci (id) on delete set null,
  taken_at timestamptz
);
create index work_messages_of_item on animus.work_messages (work_item_id, created_at);
