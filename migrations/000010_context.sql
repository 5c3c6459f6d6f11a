-- What bounds a focus's context: what closed a block, cuts that shrink old stubs, and results too long for a conversation.

alter table animus.context_blocks
  -- The ledger numbers of the steps that closed the block.
  add column steps integer[] not null default '{}',
  -- The newest entry in it; the ones above belong to later blocks.
  add column through_seq integer not null default 0;

alter table animus.context_cuts drop constraint context_cuts_kind_check;
alter table animus.context_cuts add constraint context_cuts_kind_check
  check (kind in ('compaction', 'summary', 'stubs', 'system_patch', 'model_patch'));

-- The whole of a tool's result of which the conversation has head and tail.
create table animus.artifacts (
  -- That of the call which gave it.
  id uuid primary key,
  focus_id uuid not null references animus.foci (id) on delete cascade,
  content text not null,
  created_at timestamptz not null default now()
);
create index artifacts_by_focus on animus.artifacts (focus_id);
