-- The work ledger: append-only, numbered 1, 2, 3 … for each item without a gap, kept so by the database itself.

create table animus.ledger_heads (
  work_item_id uuid primary key references animus.work_items (id) on delete cascade,
  seq bigint not null
);

-- No foreign keys: a cascade would have to touch rows that nothing may touch.
create table animus.work_ledger (
  id uuid primary key,
  work_item_id uuid not null,
  focus_id uuid,
  faculty text not null,
  seq bigint not null,
  entry_type text not null check (entry_type in ('plan', 'finding', 'decision', 'step', 'error', 'note')),
  content text not null check (length(content) between 1 and 20000),
  data jsonb not null default '{}',
  created_at timestamptz not null default now(),
  unique (work_item_id, seq)
);
create index work_ledger_recent on animus.work_ledger (created_at desc);
create index work_ledger_text on animus.work_ledger using gin (to_tsvector('english', content));

create function animus.refuse_ledger_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and not exists (select 1 from animus.work_items where id = old.work_item_id) then
    return old;
  end if;
  raise exception 'the work ledger is append-only: % is refused', tg_op using errcode = 'restrict_violation';
end
$$;

create trigger work_ledger_rows before update or delete on animus.work_ledger
  for each row execute function animus.refuse_ledger_change();
create trigger work_ledger_truncate before truncate on animus.work_ledger
  for each statement execute function animus.refuse_ledger_change();

-- Deleting a whole work item is the one way that its entries go.
create function animus.delete_item_ledger() returns trigger language plpgsql as $$
begin
  delete from animus.work_ledger where work_item_id = old.id;
  return null;
end
$$;

create trigger work_items_ledger after delete on animus.work_items
  for each row execute function animus.delete_item_ledger();
