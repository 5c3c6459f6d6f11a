-- Who may approve, answer, trust and accept: the public keys whose other halves people's editors and terminals hold.

create table animus.person_keys (
  id uuid primary key,
  place uuid not null,
  -- Ed25519, as base64 of its SPKI.
  public_key text not null,
  kind text not null check (kind in ('cli', 'vscode', 'api')),
  name text not null,
  -- The key whose holder let it in; null for the first one of a place.
  invited_by uuid references animus.person_keys (id),
  enrolled_at timestamptz not null default now(),
  last_used_at timestamptz,
  removed_at timestamptz
);
create unique index person_keys_of_place on animus.person_keys (place, public_key) where removed_at is null;
-- Of two that come first at the same moment one is.
create unique index person_keys_first on animus.person_keys (place) where invited_by is null and removed_at is null;

-- Codes that let one more key in, each for once and for some minutes.
create table animus.person_invitations (
  place uuid not null,
  -- SHA-256 of the code, in hex.
  code_sha256 text not null,
  invited_by uuid not null references animus.person_keys (id),
  expires_at timestamptz not null,
  -- The public key that came with it first: for that one it stays good, should its answer be lost.
  used_by text,
  primary key (place, code_sha256)
);
