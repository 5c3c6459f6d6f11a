-- What each focus was told of the other work of its place when it began, as it was told; and what finding that out reads.

create table animus.awareness_digests (
  focus_id uuid primary key references animus.foci (id) on delete cascade,
  built_at timestamptz not null default now(),
  -- '' where there was nothing to tell, or awareness was switched off.
  text text not null,
  -- The same as lists: active, completed, findings.
  data jsonb not null,
  tokens integer not null
);

-- Newest first, so that the first rows are the ones to read, however many there are. The first one also serves whoever
-- asks for all open work of a place.
drop index animus.work_items_running;
create index work_items_active on animus.work_items (place, updated_at desc, id desc) where state in ('running', 'waiting');
create index work_items_ended on animus.work_items (place, resolved_at desc, id desc) where state in ('completed', 'dead');
create index work_ledger_findings on animus.work_ledger (created_at desc, id desc) where entry_type = 'finding';
create index work_ledger_plans on animus.work_ledger (work_item_id, seq desc) where entry_type = 'plan';
