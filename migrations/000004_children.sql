-- Calls that wait: a call has one wait, whose time is given once, however often its focus parks and wakes.

create unique index waits_of_call on animus.waits (tool_call_id) where tool_call_id is not null;
