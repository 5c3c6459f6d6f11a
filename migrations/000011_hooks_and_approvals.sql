-- Who decides about calls: people, by approvals and rules; hooks, whose decisions are rows; and which folders of a
-- workspace a person has accepted.

-- A call that may run only once a person has said so. Bound to the arguments that were shown.
create table animus.approvals (
  id uuid primary key,
  place uuid not null,
  work_item_id uuid not null references animus.work_items (id) on delete cascade,
  focus_id uuid not null references animus.foci (id) on delete cascade,
  tool_call_id uuid not null unique references animus.tool_calls (id) on delete cascade,
  tool text not null,
  -- What the call is about, as patterns see it: {"kind": "command", "text": "git status"}. Null where a tool names nothing.
  subject jsonb,
  input jsonb not null,
  input_hash text not null,
  -- What a person is shown besides the arguments, as a diff.
  preview text,
  state text not null default 'pending' check (state in ('pending', 'allowed', 'denied')),
  -- What the decision reaches: this call, this focus, or all work of the place.
  scope text check (scope in ('once', 'focus', 'rule')),
  reason text,
  decided_by text,
  decided_at timestamptz,
  -- When the call started: an approval for once is used up by that.
  used_at timestamptz,
  created_at timestamptz not null default now(),
  check ((state = 'pending') = (decided_at is null))
);
create index approvals_pending on animus.approvals (place, created_at) where state = 'pending';
create index approvals_of_focus on animus.approvals (focus_id);

create table animus.permission_rules (
  id uuid primary key,
  place uuid not null,
  -- Only for this focus; null for all work of the place.
  focus_id uuid references animus.foci (id) on delete cascade,
  decision text not null check (decision in ('allow', 'deny')),
  pattern text not null,
  created_by text not null,
  created_at timestamptz not null default now()
);
create index permission_rules_of_place on animus.permission_rules (place);

-- The calls of a child's own model are a child's; positions are counted within a turn for both.
drop index animus.tool_calls_of_turn;
create unique index tool_calls_of_turn on animus.tool_calls (focus_id, turn, position) where caller in ('model', 'child');

-- Of engage hooks: the turn, the call where it is about one, and what was decided.
alter table animus.hook_runs add column turn integer;
alter table animus.hook_runs add column tool_call_id uuid;
alter table animus.hook_runs add column reason text;
create index hook_runs_of_turn on animus.hook_runs (focus_id, turn) where turn is not null;

-- Folders of a workspace that bring commands along: each by the hash of all that is in it, accepted by a person.
create table animus.accepted_folders (
  place uuid not null,
  kind text not null check (kind in ('hook', 'faculty', 'command', 'skill')),
  name text not null,
  hash text not null,
  accepted_by text not null,
  accepted_at timestamptz not null default now(),
  primary key (place, kind, name, hash)
);
