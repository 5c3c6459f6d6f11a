-- What work may use and what it has used, and what it asks people.

-- A row for each item that has begun. Turns are those of the item's own conversation; all else counts the item and
-- everything below it. Whoever changes the rows of several items locks the root's first.
create table animus.budgets (
  work_item_id uuid primary key references animus.work_items (id) on delete cascade,
  -- Null: no limit.
  max_turns integer,
  max_tokens bigint,
  max_cost_micros bigint,
  max_duration_ms bigint,
  spent_tokens bigint not null default 0,
  -- Without what answers cost whose price is unknown.
  spent_cost_micros bigint not null default 0,
  spent_ms bigint not null default 0
);

-- What a model call under way may use at most. It lives as long as the lease of who makes the call: after that the call
-- may have been billed, so it counts as spent.
create table animus.reservations (
  id uuid primary key,
  work_item_id uuid not null references animus.work_items (id) on delete cascade,
  root_id uuid not null,
  focus_id uuid not null,
  token uuid not null,
  tokens bigint not null,
  cost_micros bigint not null,
  created_at timestamptz not null default now()
);
create index reservations_of_root on animus.reservations (root_id);

-- Of a place, by the day in UTC.
create table animus.daily_spending (
  place uuid not null,
  day date not null,
  cost_micros bigint not null,
  primary key (place, day)
);

-- How long a focus ran, without the time it was parked. `charged_ms` of it is in the budgets.
alter table animus.foci add column ran_ms bigint not null default 0;
alter table animus.foci add column running_since timestamptz;
alter table animus.foci add column charged_ms bigint not null default 0;

-- Who takes over does not know when the other one died: what was charged by then stands.
create function animus.count_running_time() returns trigger language plpgsql as $$
begin
  if new.status = 'running' then
    new.ran_ms := greatest(old.ran_ms, old.charged_ms);
    new.running_since := now();
  elsif old.running_since is not null then
    new.ran_ms := old.ran_ms + greatest(0, round(extract(epoch from now() - old.running_since) * 1000));
    new.running_since := null;
  end if;
  return new;
end
$$;

create trigger foci_running_time before update of status on animus.foci
  for each row execute function animus.count_running_time();

create table animus.questions (
  id uuid primary key,
  work_item_id uuid not null references animus.work_items (id) on delete cascade,
  focus_id uuid not null references animus.foci (id) on delete cascade,
  -- The call that asks; null where the engine does.
  tool_call_id uuid,
  kind text not null check (kind in ('ask', 'budget', 'stuck')),
  -- The newest turn of the conversation when it was asked.
  turn integer not null,
  text text not null check (length(text) between 1 and 20000),
  choices jsonb not null default '[]',
  -- Of a budget: which limit, and what it may be raised to.
  data jsonb not null default '{}',
  answer text,
  -- What the answer means to the engine.
  verdict text check (verdict in ('answer', 'go_on', 'stop')),
  answered_by text,
  created_at timestamptz not null default now(),
  answered_at timestamptz,
  check ((answered_at is null) = (verdict is null))
);
create index questions_of_item on animus.questions (work_item_id) where answered_at is null;
create index questions_of_focus on animus.questions (focus_id, created_at);
create unique index questions_of_call on animus.questions (tool_call_id) where tool_call_id is not null;
-- One question for each owner of a budget.
create unique index questions_of_budget on animus.questions (work_item_id) where kind = 'budget' and answered_at is null;
