-- Work, who works on it, and what became of it. Every transition of an item is one guarded UPDATE with a row in
-- work_events; every write of a focus first proves its lease. Times are the database's.

create table animus.work_items (
  id uuid primary key,
  -- The working copy the item is about: a store's id.
  place uuid not null,
  parent_id uuid references animus.work_items (id) on delete cascade,
  root_id uuid not null,
  depth integer not null default 0,
  faculty text not null,
  description text not null check (length(description) > 0),
  params jsonb not null default '{}',
  attachments jsonb not null default '[]',
  -- provider/name; null where the faculty or the default decides.
  model text,
  priority integer not null default 0,
  dedup_key text,
  state text not null check (state in ('queued', 'running', 'waiting', 'completed', 'dead', 'cancelled', 'merged')),
  merged_into uuid references animus.work_items (id) on delete cascade,
  retry_of uuid references animus.work_items (id) on delete set null,
  follow_up_of uuid references animus.work_items (id) on delete set null,
  available_at timestamptz not null default now(),
  -- Failed foci so far, and the most there may be.
  attempts integer not null default 0,
  max_attempts integer not null,
  resumes_without_progress integer not null default 0,
  provenance jsonb not null,
  budget jsonb,
  outcome jsonb,
  cancel_requested_at timestamptz,
  -- The number of the item's newest event, given under the item's row lock.
  event_seq bigint not null default 0,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  resolved_at timestamptz,
  check ((state = 'merged') = (merged_into is not null))
);

-- Structural dedup: one open item for a key, a child's key being scoped to its parent.
create unique index work_items_dedup on animus.work_items (place, parent_id, faculty, dedup_key) nulls not distinct
  where dedup_key is not null and state in ('queued', 'running', 'waiting');
create index work_items_claim on animus.work_items (place, priority desc, available_at) where state = 'queued';
create index work_items_running on animus.work_items (place) where state in ('running', 'waiting');
create index work_items_recent on animus.work_items (place, created_at desc);
create index work_items_children on animus.work_items (parent_id) where parent_id is not null;

create table animus.work_events (
  work_item_id uuid not null references animus.work_items (id) on delete cascade,
  seq bigint not null,
  from_state text,
  to_state text not null,
  reason text not null,
  data jsonb not null default '{}',
  created_at timestamptz not null default now(),
  primary key (work_item_id, seq)
);

create table animus.hosts (
  -- Made anew at each start: holding a store's lock proves every other instance of that store dead.
  id uuid primary key,
  store_id uuid not null,
  name text not null,
  places uuid[] not null,
  faculties text[] not null,
  version text not null,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  stopped_at timestamptz
);
create index hosts_live on animus.hosts (heartbeat_at) where stopped_at is null;

create table animus.foci (
  id uuid primary key,
  work_item_id uuid not null references animus.work_items (id) on delete cascade,
  attempt integer not null,
  faculty text not null,
  host_id uuid not null,
  phase text not null check (phase in ('orient', 'engage', 'consolidate', 'recover')),
  status text not null check (status in ('running', 'parked', 'completed', 'failed', 'cancelled', 'released')),
  model text,
  -- What is pinned when the focus engages: prompt bytes, tools, model, limits. Null until then.
  config jsonb,
  iterations integer not null default 0,
  usage jsonb not null default '{}',
  -- Micro-dollars; null where a price is unknown.
  cost_micros bigint default 0,
  -- How engage ended, and what the agent reported: the input of consolidate, there again after a crash.
  engage_end jsonb,
  report jsonb,
  error jsonb,
  -- How often each phase's command was started; a command runs again where no row says that it ended.
  phase_runs jsonb not null default '{}',
  started_at timestamptz not null default now(),
  ended_at timestamptz
);
-- An item has at most one open focus; a claim resumes it.
create unique index foci_open on animus.foci (work_item_id) where status in ('running', 'parked', 'released');
create index foci_by_item on animus.foci (work_item_id, attempt);

create table animus.leases (
  work_item_id uuid primary key references animus.work_items (id) on delete cascade,
  -- New with each claim: whoever shows an older one is fenced.
  token uuid not null,
  host_id uuid not null,
  focus_id uuid not null,
  expires_at timestamptz not null
);
create index leases_expiry on animus.leases (expires_at);

create table animus.waits (
  id uuid primary key,
  work_item_id uuid not null references animus.work_items (id) on delete cascade,
  focus_id uuid not null references animus.foci (id) on delete cascade,
  tool_call_id uuid,
  kind text not null check (kind in ('children', 'approval', 'answer', 'budget', 'credentials', 'model', 'paused')),
  targets jsonb not null default '[]',
  mode text check (mode in ('all', 'any')),
  wake_at timestamptz,
  created_at timestamptz not null default now(),
  resolved_at timestamptz
);
create index waits_open on animus.waits (work_item_id) where resolved_at is null;

create table animus.trusted_folders (
  place uuid not null,
  folder text not null,
  granted_by text not null,
  granted_at timestamptz not null default now(),
  primary key (place, folder)
);
