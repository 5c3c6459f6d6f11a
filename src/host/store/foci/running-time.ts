/** How long a focus ran. The time it is parked does not count; a trigger sees to that. */
import type { Tx } from '../../db/types.ts';

/** The running time, in milliseconds, that was not taken before. */
export async function takeRunningTime(tx: Tx, focusId: string): Promise<number> {
  const [taken] = await tx.query<{ ms: number }>(
    `with total as (
       select id, charged_ms, ran_ms + case when running_since is null then 0
         else greatest(0, round(extract(epoch from now() - running_since) * 1000)) end as ms
       from animus.foci where id = $1
     )
     update animus.foci f set charged_ms = greatest(total.charged_ms, total.ms) from total where f.id = total.id
     returning greatest(0, total.ms - total.charged_ms)::float8 as ms`,
    [focusId],
  );
  return taken?.ms ?? 0;
}
