-- What caring for a store needs to know: which transcripts are gone, and where a place is served.

-- When the focus's messages, calls, hook runs and folder were removed. The row itself, with its cost, stays.
alter table animus.foci add column pruned_at timestamptz;
create index foci_prunable on animus.foci (ended_at, id) where ended_at is not null and pruned_at is null;

-- The workspace's path on the host's machine; null for hosts of before.
alter table animus.hosts add column folder text;
create index hosts_of_place on animus.hosts using gin (places);
