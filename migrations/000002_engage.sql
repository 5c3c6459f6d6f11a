-- The conversation of a focus as rows, independent of the provider, from which every request is rebuilt.

create table animus.focus_messages (
  focus_id uuid not null references animus.foci (id) on delete cascade,
  n integer not null,
  turn integer not null,
  -- The context block the message belongs to; a recorded step closes a block.
  block integer not null,
  role text not null check (role in ('user', 'assistant')),
  kind text not null check (kind in ('task', 'assistant', 'tool_results', 'stub', 'skill', 'hook', 'remark', 'person')),
  content jsonb not null,
  format_version integer not null,
  created_at timestamptz not null default now(),
  primary key (focus_id, n)
);

create table animus.tool_calls (
  id uuid primary key,
  focus_id uuid not null references animus.foci (id) on delete cascade,
  work_item_id uuid not null,
  turn integer not null,
  position integer not null,
  provider_call_id text not null,
  name text not null,
  caller text not null check (caller in ('model', 'child', 'sandbox')),
  effect text check (effect in ('read', 'write', 'exclusive')),
  input jsonb not null,
  -- What hooks made of the input; null while none did.
  effective_input jsonb,
  state text not null check (state in
    ('requested', 'waiting', 'started', 'done', 'error', 'blocked', 'denied', 'interrupted', 'cancelled')),
  -- What a write tool stored before it began: hashes before and after.
  started_data jsonb,
  -- As the tool gave it, before any hook saw it; `result` is what the model sees.
  raw_result jsonb,
  result jsonb,
  requested_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz
);
create unique index tool_calls_of_turn on animus.tool_calls (focus_id, turn, position) where caller = 'model';
create index tool_calls_by_focus on animus.tool_calls (focus_id, requested_at);

-- A closed block: its stub's bytes and the decision to fold are made once and never again.
create table animus.context_blocks (
  focus_id uuid not null references animus.foci (id) on delete cascade,
  block integer not null,
  first_message integer not null,
  last_message integer not null,
  stub text not null,
  measured_tokens integer not null,
  folds boolean not null,
  created_at timestamptz not null default now(),
  primary key (focus_id, block)
);

-- Breaks of the request's prefix that were decided once: cuts of a fallback, patches of a hook to system or model.
create table animus.context_cuts (
  focus_id uuid not null references animus.foci (id) on delete cascade,
  n integer not null,
  turn integer not null,
  kind text not null check (kind in ('compaction', 'summary', 'system_patch', 'model_patch')),
  content jsonb not null,
  created_at timestamptz not null default now(),
  primary key (focus_id, n)
);

create table animus.hook_runs (
  id uuid primary key,
  focus_id uuid not null references animus.foci (id) on delete cascade,
  -- The phase's name for a phase command, the event's for an engage hook.
  event text not null,
  name text not null,
  -- 1, 2, 3 …: a phase command runs at least once, and again where its row is missing.
  run integer not null,
  outcome text not null,
  exit_code integer,
  output jsonb,
  stderr_tail text not null default '',
  duration_ms integer not null,
  created_at timestamptz not null default now()
);
create index hook_runs_by_focus on animus.hook_runs (focus_id, event);
