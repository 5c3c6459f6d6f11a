/** What a place has spent today, by the database's clock in UTC. */
import type { Queryable, Tx } from '../../db/types.ts';

const TODAY = "(now() at time zone 'utc')::date";

export async function addToDay(tx: Tx, place: string, costMicros: number): Promise<void> {
  if (costMicros === 0) return;
  await tx.query(
    `insert into animus.daily_spending as d (place, day, cost_micros) values ($1, ${TODAY}, $2)
     on conflict (place, day) do update set cost_micros = d.cost_micros + excluded.cost_micros`,
    [place, costMicros],
  );
}

export type Day = {
  costMicros: number;
  /** Until the next day begins. */
  endsInMs: number;
};

export async function readDay(db: Queryable, place: string): Promise<Day> {
  const [day] = await db.query<Day>(
    `select coalesce((select cost_micros from animus.daily_spending where place = $1 and day = ${TODAY}), 0)::float8
         as "costMicros",
       (extract(epoch from ((${TODAY} + 1)::timestamp at time zone 'utc') - now()) * 1000)::float8 as "endsInMs"`,
    [place],
  );
  if (!day) throw new Error('A select of values gave no row.');
  return day;
}
