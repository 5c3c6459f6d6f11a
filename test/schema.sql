-- What the migrations make, for reading and reviewing. UPDATE_SCHEMA=1 with the store lane writes it anew.

create table animus.accepted_folders (
  place uuid not null,
  kind text not null,
  name text not null,
  hash text not null,
  accepted_by text not null,
  accepted_at timestamp with time zone default now() not null,
  constraint accepted_folders_kind_check CHECK ((kind = ANY (ARRAY['hook'::text, 'faculty'::text, 'command'::text, 'skill'::text]))),
  constraint accepted_folders_pkey PRIMARY KEY (place, kind, name, hash)
);

create table animus.approvals (
  id uuid not null,
  place uuid not null,
  work_item_id uuid not null,
  focus_id uuid not null,
  tool_call_id uuid not null,
  tool text not null,
  subject jsonb,
  input jsonb not null,
  input_hash text not null,
  preview text,
  state text default 'pending'::text not null,
  scope text,
  reason text,
  decided_by text,
  decided_at timestamp with time zone,
  used_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  remark text,
  by_rule uuid,
  constraint approvals_check CHECK (((state = 'pending'::text) = (decided_at IS NULL))),
  constraint approvals_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint approvals_pkey PRIMARY KEY (id),
  constraint approvals_scope_check CHECK ((scope = ANY (ARRAY['once'::text, 'focus'::text, 'rule'::text]))),
  constraint approvals_state_check CHECK ((state = ANY (ARRAY['pending'::text, 'allowed'::text, 'denied'::text]))),
  constraint approvals_tool_call_id_fkey FOREIGN KEY (tool_call_id) REFERENCES animus.tool_calls(id) ON DELETE CASCADE,
  constraint approvals_tool_call_id_key UNIQUE (tool_call_id),
  constraint approvals_work_item_id_fkey FOREIGN KEY (work_item_id) REFERENCES animus.work_items(id) ON DELETE CASCADE
);
CREATE INDEX approvals_of_focus ON animus.approvals USING btree (focus_id);
CREATE INDEX approvals_pending ON animus.approvals USING btree (place, created_at) WHERE (state = 'pending'::text);

create table animus.artifacts (
  id uuid not null,
  focus_id uuid not null,
  content text not null,
  created_at timestamp with time zone default now() not null,
  constraint artifacts_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint artifacts_pkey PRIMARY KEY (id)
);
CREATE INDEX artifacts_by_focus ON animus.artifacts USING btree (focus_id);

create table animus.awareness_digests (
  focus_id uuid not null,
  built_at timestamp with time zone default now() not null,
  text text not null,
  data jsonb not null,
  tokens integer not null,
  constraint awareness_digests_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint awareness_digests_pkey PRIMARY KEY (focus_id)
);

create table animus.budgets (
  work_item_id uuid not null,
  max_turns integer,
  max_tokens bigint,
  max_cost_micros bigint,
  max_duration_ms bigint,
  spent_tokens bigint default 0 not null,
  spent_cost_micros bigint default 0 not null,
  spent_ms bigint default 0 not null,
  constraint budgets_pkey PRIMARY KEY (work_item_id),
  constraint budgets_work_item_id_fkey FOREIGN KEY (work_item_id) REFERENCES animus.work_items(id) ON DELETE CASCADE
);

create table animus.context_blocks (
  focus_id uuid not null,
  block integer not null,
  first_message integer not null,
  last_message integer not null,
  stub text not null,
  measured_tokens integer not null,
  folds boolean not null,
  created_at timestamp with time zone default now() not null,
  steps integer[] default '{}'::integer[] not null,
  through_seq integer default 0 not null,
  constraint context_blocks_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint context_blocks_pkey PRIMARY KEY (focus_id, block)
);

create table animus.context_cuts (
  focus_id uuid not null,
  n integer not null,
  turn integer not null,
  kind text not null,
  content jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint context_cuts_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint context_cuts_kind_check CHECK ((kind = ANY (ARRAY['compaction'::text, 'summary'::text, 'stubs'::text, 'system_patch'::text, 'model_patch'::text]))),
  constraint context_cuts_pkey PRIMARY KEY (focus_id, n)
);

create table animus.daily_spending (
  place uuid not null,
  day date not null,
  cost_micros bigint not null,
  constraint daily_spending_pkey PRIMARY KEY (place, day)
);

create table animus.file_changes (
  tool_call_id uuid not null,
  focus_id uuid not null,
  work_item_id uuid not null,
  path text not null,
  before_sha256 text,
  before_content text,
  undoable boolean not null,
  after_sha256 text not null,
  diff text not null,
  created_at timestamp with time zone default now() not null,
  applied_at timestamp with time zone,
  undone_at timestamp with time zone,
  undone_by text,
  constraint file_changes_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint file_changes_pkey PRIMARY KEY (tool_call_id),
  constraint file_changes_tool_call_id_fkey FOREIGN KEY (tool_call_id) REFERENCES animus.tool_calls(id) ON DELETE CASCADE
);
CREATE INDEX file_changes_of_focus ON animus.file_changes USING btree (focus_id);
CREATE INDEX file_changes_of_item ON animus.file_changes USING btree (work_item_id, created_at);

create table animus.foci (
  id uuid not null,
  work_item_id uuid not null,
  attempt integer not null,
  faculty text not null,
  host_id uuid not null,
  phase text not null,
  status text not null,
  model text,
  config jsonb,
  iterations integer default 0 not null,
  usage jsonb default '{}'::jsonb not null,
  cost_micros bigint default 0,
  engage_end jsonb,
  report jsonb,
  error jsonb,
  phase_runs jsonb default '{}'::jsonb not null,
  started_at timestamp with time zone default now() not null,
  ended_at timestamp with time zone,
  pruned_at timestamp with time zone,
  ran_ms bigint default 0 not null,
  running_since timestamp with time zone,
  charged_ms bigint default 0 not null,
  constraint foci_phase_check CHECK ((phase = ANY (ARRAY['orient'::text, 'engage'::text, 'consolidate'::text, 'recover'::text]))),
  constraint foci_pkey PRIMARY KEY (id),
  constraint foci_status_check CHECK ((status = ANY (ARRAY['running'::text, 'parked'::text, 'completed'::text, 'failed'::text, 'cancelled'::text, 'released'::text]))),
  constraint foci_work_item_id_fkey FOREIGN KEY (work_item_id) REFERENCES animus.work_items(id) ON DELETE CASCADE
);
CREATE INDEX foci_by_item ON animus.foci USING btree (work_item_id, attempt);
CREATE INDEX foci_prunable ON animus.foci USING btree (ended_at, id) WHERE ((ended_at IS NOT NULL) AND (pruned_at IS NULL));
CREATE UNIQUE INDEX foci_open ON animus.foci USING btree (work_item_id) WHERE (status = ANY (ARRAY['running'::text, 'parked'::text, 'released'::text]));
CREATE TRIGGER foci_running_time BEFORE UPDATE OF status ON animus.foci FOR EACH ROW EXECUTE FUNCTION animus.count_running_time();

create table animus.focus_messages (
  focus_id uuid not null,
  n integer not null,
  turn integer not null,
  block integer not null,
  role text not null,
  kind text not null,
  content jsonb not null,
  format_version integer not null,
  created_at timestamp with time zone default now() not null,
  constraint focus_messages_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint focus_messages_kind_check CHECK ((kind = ANY (ARRAY['task'::text, 'assistant'::text, 'tool_results'::text, 'stub'::text, 'skill'::text, 'hook'::text, 'remark'::text, 'person'::text]))),
  constraint focus_messages_pkey PRIMARY KEY (focus_id, n),
  constraint focus_messages_role_check CHECK ((role = ANY (ARRAY['user'::text, 'assistant'::text])))
);

create table animus.hook_runs (
  id uuid not null,
  focus_id uuid not null,
  event text not null,
  name text not null,
  run integer not null,
  outcome text not null,
  exit_code integer,
  output jsonb,
  stderr_tail text default ''::text not null,
  duration_ms integer not null,
  created_at timestamp with time zone default now() not null,
  turn integer,
  tool_call_id uuid,
  reason text,
  constraint hook_runs_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint hook_runs_pkey PRIMARY KEY (id)
);
CREATE INDEX hook_runs_by_focus ON animus.hook_runs USING btree (focus_id, event);
CREATE INDEX hook_runs_of_turn ON animus.hook_runs USING btree (focus_id, turn) WHERE (turn IS NOT NULL);

create table animus.hosts (
  id uuid not null,
  store_id uuid not null,
  name text not null,
  places uuid[] not null,
  faculties text[] not null,
  version text not null,
  started_at timestamp with time zone default now() not null,
  heartbeat_at timestamp with time zone default now() not null,
  stopped_at timestamp with time zone,
  folder text,
  constraint hosts_pkey PRIMARY KEY (id)
);
CREATE INDEX hosts_live ON animus.hosts USING btree (heartbeat_at) WHERE (stopped_at IS NULL);
CREATE INDEX hosts_of_place ON animus.hosts USING gin (places);

create table animus.known_files (
  focus_id uuid not null,
  path text not null,
  sha256 text not null,
  content text,
  noted_at timestamp with time zone default now() not null,
  constraint known_files_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint known_files_pkey PRIMARY KEY (focus_id, path)
);

create table animus.leases (
  work_item_id uuid not null,
  token uuid not null,
  host_id uuid not null,
  focus_id uuid not null,
  expires_at timestamp with time zone not null,
  constraint leases_pkey PRIMARY KEY (work_item_id),
  constraint leases_work_item_id_fkey FOREIGN KEY (work_item_id) REFERENCES animus.work_items(id) ON DELETE CASCADE
);
CREATE INDEX leases_expiry ON animus.leases USING btree (expires_at);

create table animus.ledger_heads (
  work_item_id uuid not null,
  seq bigint not null,
  constraint ledger_heads_pkey PRIMARY KEY (work_item_id),
  constraint ledger_heads_work_item_id_fkey FOREIGN KEY (work_item_id) REFERENCES animus.work_items(id) ON DELETE CASCADE
);

create table animus.migrations (
  number integer not null,
  name text not null,
  checksum text not null,
  applied_at timestamp with time zone default now() not null,
  constraint migrations_pkey PRIMARY KEY (number)
);

create table animus.paused_places (
  place uuid not null,
  paused_at timestamp with time zone default now() not null,
  paused_by text not null,
  constraint paused_places_pkey PRIMARY KEY (place)
);

create table animus.permission_rules (
  id uuid not null,
  place uuid not null,
  focus_id uuid,
  decision text not null,
  pattern text not null,
  created_by text not null,
  created_at timestamp with time zone default now() not null,
  constraint permission_rules_decision_check CHECK ((decision = ANY (ARRAY['allow'::text, 'deny'::text]))),
  constraint permission_rules_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint permission_rules_pkey PRIMARY KEY (id)
);
CREATE INDEX permission_rules_of_place ON animus.permission_rules USING btree (place);

create table animus.person_invitations (
  place uuid not null,
  code_sha256 text not null,
  invited_by uuid not null,
  expires_at timestamp with time zone not null,
  used_by text,
  constraint person_invitations_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES animus.person_keys(id),
  constraint person_invitations_pkey PRIMARY KEY (place, code_sha256)
);

create table animus.person_keys (
  id uuid not null,
  place uuid not null,
  public_key text not null,
  kind text not null,
  name text not null,
  invited_by uuid,
  enrolled_at timestamp with time zone default now() not null,
  last_used_at timestamp with time zone,
  removed_at timestamp with time zone,
  constraint person_keys_invited_by_fkey FOREIGN KEY (invited_by) REFERENCES animus.person_keys(id),
  constraint person_keys_kind_check CHECK ((kind = ANY (ARRAY['cli'::text, 'vscode'::text, 'api'::text]))),
  constraint person_keys_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX person_keys_first ON animus.person_keys USING btree (place) WHERE ((invited_by IS NULL) AND (removed_at IS NULL));
CREATE UNIQUE INDEX person_keys_of_place ON animus.person_keys USING btree (place, public_key) WHERE (removed_at IS NULL);

create table animus.questions (
  id uuid not null,
  work_item_id uuid not null,
  focus_id uuid not null,
  tool_call_id uuid,
  kind text not null,
  turn integer not null,
  text text not null,
  choices jsonb default '[]'::jsonb not null,
  data jsonb default '{}'::jsonb not null,
  answer text,
  verdict text,
  answered_by text,
  created_at timestamp with time zone default now() not null,
  answered_at timestamp with time zone,
  constraint questions_check CHECK (((answered_at IS NULL) = (verdict IS NULL))),
  constraint questions_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint questions_kind_check CHECK ((kind = ANY (ARRAY['ask'::text, 'budget'::text, 'stuck'::text]))),
  constraint questions_pkey PRIMARY KEY (id),
  constraint questions_text_check CHECK (((length(text) >= 1) AND (length(text) <= 20000))),
  constraint questions_verdict_check CHECK ((verdict = ANY (ARRAY['answer'::text, 'go_on'::text, 'stop'::text]))),
  constraint questions_work_item_id_fkey FOREIGN KEY (work_item_id) REFERENCES animus.work_items(id) ON DELETE CASCADE
);
CREATE INDEX questions_of_focus ON animus.questions USING btree (focus_id, created_at);
CREATE INDEX questions_of_item ON animus.questions USING btree (work_item_id) WHERE (answered_at IS NULL);
CREATE UNIQUE INDEX questions_of_budget ON animus.questions USING btree (work_item_id) WHERE ((kind = 'budget'::text) AND (answered_at IS NULL));
CREATE UNIQUE INDEX questions_of_call ON animus.questions USING btree (tool_call_id) WHERE (tool_call_id IS NOT NULL);

create table animus.reservations (
  id uuid not null,
  work_item_id uuid not null,
  root_id uuid not null,
  focus_id uuid not null,
  token uuid not null,
  tokens bigint not null,
  cost_micros bigint not null,
  created_at timestamp with time zone default now() not null,
  constraint reservations_pkey PRIMARY KEY (id),
  constraint reservations_work_item_id_fkey FOREIGN KEY (work_item_id) REFERENCES animus.work_items(id) ON DELETE CASCADE
);
CREATE INDEX reservations_of_root ON animus.reservations USING btree (root_id);

create table animus.tool_calls (
  id uuid not null,
  focus_id uuid not null,
  work_item_id uuid not null,
  turn integer not null,
  "position" integer not null,
  provider_call_id text not null,
  name text not null,
  caller text not null,
  effect text,
  input jsonb not null,
  effective_input jsonb,
  state text not null,
  started_data jsonb,
  raw_result jsonb,
  result jsonb,
  requested_at timestamp with time zone default now() not null,
  started_at timestamp with time zone,
  ended_at timestamp with time zone,
  constraint tool_calls_caller_check CHECK ((caller = ANY (ARRAY['model'::text, 'child'::text, 'sandbox'::text]))),
  constraint tool_calls_effect_check CHECK ((effect = ANY (ARRAY['read'::text, 'write'::text, 'exclusive'::text]))),
  constraint tool_calls_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint tool_calls_pkey PRIMARY KEY (id),
  constraint tool_calls_state_check CHECK ((state = ANY (ARRAY['requested'::text, 'waiting'::text, 'started'::text, 'done'::text, 'error'::text, 'blocked'::text, 'denied'::text, 'interrupted'::text, 'cancelled'::text])))
);
CREATE INDEX tool_calls_by_focus ON animus.tool_calls USING btree (focus_id, requested_at);
CREATE UNIQUE INDEX tool_calls_of_turn ON animus.tool_calls USING btree (focus_id, turn, "position") WHERE (caller = ANY (ARRAY['model'::text, 'child'::text]));

create table animus.trusted_folders (
  place uuid not null,
  folder text not null,
  granted_by text not null,
  granted_at timestamp with time zone default now() not null,
  constraint trusted_folders_pkey PRIMARY KEY (place, folder)
);

create table animus.waits (
  id uuid not null,
  work_item_id uuid not null,
  focus_id uuid not null,
  tool_call_id uuid,
  kind text not null,
  targets jsonb default '[]'::jsonb not null,
  mode text,
  wake_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  resolved_at timestamp with time zone,
  constraint waits_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE CASCADE,
  constraint waits_kind_check CHECK ((kind = ANY (ARRAY['children'::text, 'approval'::text, 'answer'::text, 'budget'::text, 'credentials'::text, 'model'::text, 'paused'::text]))),
  constraint waits_mode_check CHECK ((mode = ANY (ARRAY['all'::text, 'any'::text]))),
  constraint waits_pkey PRIMARY KEY (id),
  constraint waits_work_item_id_fkey FOREIGN KEY (work_item_id) REFERENCES animus.work_items(id) ON DELETE CASCADE
);
CREATE INDEX waits_open ON animus.waits USING btree (work_item_id) WHERE (resolved_at IS NULL);
CREATE UNIQUE INDEX waits_of_call ON animus.waits USING btree (tool_call_id) WHERE (tool_call_id IS NOT NULL);

create table animus.work_events (
  work_item_id uuid not null,
  seq bigint not null,
  from_state text,
  to_state text not null,
  reason text not null,
  data jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint work_events_pkey PRIMARY KEY (work_item_id, seq),
  constraint work_events_work_item_id_fkey FOREIGN KEY (work_item_id) REFERENCES animus.work_items(id) ON DELETE CASCADE
);

create table animus.work_items (
  id uuid not null,
  place uuid not null,
  parent_id uuid,
  root_id uuid not null,
  depth integer default 0 not null,
  faculty text not null,
  description text not null,
  params jsonb default '{}'::jsonb not null,
  attachments jsonb default '[]'::jsonb not null,
  model text,
  priority integer default 0 not null,
  dedup_key text,
  state text not null,
  merged_into uuid,
  retry_of uuid,
  follow_up_of uuid,
  available_at timestamp with time zone default now() not null,
  attempts integer default 0 not null,
  max_attempts integer not null,
  resumes_without_progress integer default 0 not null,
  provenance jsonb not null,
  budget jsonb,
  outcome jsonb,
  cancel_requested_at timestamp with time zone,
  event_seq bigint default 0 not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  resolved_at timestamp with time zone,
  paused_at timestamp with time zone,
  moved_from text,
  constraint work_items_check CHECK (((state = 'merged'::text) = (merged_into IS NOT NULL))),
  constraint work_items_description_check CHECK ((length(description) > 0)),
  constraint work_items_follow_up_of_fkey FOREIGN KEY (follow_up_of) REFERENCES animus.work_items(id) ON DELETE SET NULL,
  constraint work_items_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES animus.work_items(id) ON DELETE CASCADE,
  constraint work_items_parent_id_fkey FOREIGN KEY (parent_id) REFERENCES animus.work_items(id) ON DELETE CASCADE,
  constraint work_items_pkey PRIMARY KEY (id),
  constraint work_items_retry_of_fkey FOREIGN KEY (retry_of) REFERENCES animus.work_items(id) ON DELETE SET NULL,
  constraint work_items_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'running'::text, 'waiting'::text, 'completed'::text, 'dead'::text, 'cancelled'::text, 'merged'::text])))
);
CREATE INDEX work_items_active ON animus.work_items USING btree (place, updated_at DESC, id DESC) WHERE (state = ANY (ARRAY['running'::text, 'waiting'::text]));
CREATE INDEX work_items_children ON animus.work_items USING btree (parent_id) WHERE (parent_id IS NOT NULL);
CREATE INDEX work_items_claim ON animus.work_items USING btree (place, priority DESC, available_at) WHERE (state = 'queued'::text);
CREATE INDEX work_items_ended ON animus.work_items USING btree (place, resolved_at DESC, id DESC) WHERE (state = ANY (ARRAY['completed'::text, 'dead'::text]));
CREATE INDEX work_items_recent ON animus.work_items USING btree (place, created_at DESC);
CREATE UNIQUE INDEX work_items_dedup ON animus.work_items USING btree (place, parent_id, faculty, dedup_key) NULLS NOT DISTINCT WHERE ((dedup_key IS NOT NULL) AND (state = ANY (ARRAY['queued'::text, 'running'::text, 'waiting'::text])));
CREATE TRIGGER work_items_ledger AFTER DELETE ON animus.work_items FOR EACH ROW EXECUTE FUNCTION animus.delete_item_ledger();

create table animus.work_ledger (
  id uuid not null,
  work_item_id uuid not null,
  focus_id uuid,
  faculty text not null,
  seq bigint not null,
  entry_type text not null,
  content text not null,
  data jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint work_ledger_content_check CHECK (((length(content) >= 1) AND (length(content) <= 20000))),
  constraint work_ledger_entry_type_check CHECK ((entry_type = ANY (ARRAY['plan'::text, 'finding'::text, 'decision'::text, 'step'::text, 'error'::text, 'note'::text]))),
  constraint work_ledger_pkey PRIMARY KEY (id),
  constraint work_ledger_work_item_id_seq_key UNIQUE (work_item_id, seq)
);
CREATE INDEX work_ledger_findings ON animus.work_ledger USING btree (created_at DESC, id DESC) WHERE (entry_type = 'finding'::text);
CREATE INDEX work_ledger_plans ON animus.work_ledger USING btree (work_item_id, seq DESC) WHERE (entry_type = 'plan'::text);
CREATE INDEX work_ledger_recent ON animus.work_ledger USING btree (created_at DESC);
CREATE INDEX work_ledger_text ON animus.work_ledger USING gin (to_tsvector('english'::regconfig, content));
CREATE TRIGGER work_ledger_rows BEFORE DELETE OR UPDATE ON animus.work_ledger FOR EACH ROW EXECUTE FUNCTION animus.refuse_ledger_change();
CREATE TRIGGER work_ledger_truncate BEFORE TRUNCATE ON animus.work_ledger FOR EACH STATEMENT EXECUTE FUNCTION animus.refuse_ledger_change();

create table animus.work_messages (
  id uuid not null,
  work_item_id uuid not null,
  content text not null,
  said_by text not null,
  created_at timestamp with time zone default now() not null,
  focus_id uuid,
  taken_at timestamp with time zone,
  constraint work_messages_content_check CHECK (((length(content) >= 1) AND (length(content) <= 20000))),
  constraint work_messages_focus_id_fkey FOREIGN KEY (focus_id) REFERENCES animus.foci(id) ON DELETE SET NULL,
  constraint work_messages_pkey PRIMARY KEY (id),
  constraint work_messages_work_item_id_fkey FOREIGN KEY (work_item_id) REFERENCES animus.work_items(id) ON DELETE CASCADE
);
CREATE INDEX work_messages_of_item ON animus.work_messages USING btree (work_item_id, created_at);

CREATE OR REPLACE FUNCTION animus.count_running_time()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$;

CREATE OR REPLACE FUNCTION animus.delete_item_ledger()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  delete from animus.work_ledger where work_item_id = old.id;
  return null;
end
$function$;

CREATE OR REPLACE FUNCTION animus.refuse_ledger_change()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'DELETE' and not exists (select 1 from animus.work_items where id = old.work_item_id) then
    return old;
  end if;
  raise exception 'the work ledger is append-only: % is refused', tg_op using errcode = 'restrict_violation';
end
$function$;
