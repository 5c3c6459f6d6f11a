-- What an approval rests on, besides the arguments that were shown.

alter table animus.approvals
  -- Why a person is asked again; null where they are asked for the first time.
  add column remark text,
  -- The rule that decided, where nobody decided about this very call: it counts as long as rules say the same.
  add column by_rule uuid;
