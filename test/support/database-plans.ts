/** How the database goes about a query: shows how many rows of a table it reads, and whether it reads all of them. */
import type { Queryable, Row, SqlValue } from '../../src/host/db/types.ts';

type PlanNode = {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: PlanNode[];
};

export type Read = { table: string; rows: number; endToEnd: boolean };

export type Watched = Queryable & {
  /** What each scan of a table read, in the order of the queries. */
  reads: Read[];
};

/** Runs each query as it is, after running it for its plan. For queries that only read. */
export function watchingPlans(db: Queryable): Watched {
  const reads: Read[] = [];
  return {
    reads,
    async query<R extends Row = Row>(sql: string, params?: readonly SqlValue[]) {
      const [row] = await db.query<{ 'QUERY PLAN': unknown }>(`explain (analyze, format json) ${sql}`, params);
      const plan = row?.['QUERY PLAN'];
      const [{ Plan }] = (typeof plan === 'string' ? JSON.parse(plan) : plan) as [{ Plan: PlanNode }];
      reads.push(...readsOf(Plan));
      return db.query<R>(sql, params);
    },
  };
}

/** Also what a filter threw away again was read. */
function readsOf(node: PlanNode): Read[] {
  const below = (node.Plans ?? []).flatMap(readsOf);
  const table = node['Relation Name'];
  if (table === undefined) return below;
  const { 'Rows Removed by Filter': filtered = 0, 'Rows Removed by Index Recheck': rechecked = 0 } = node;
  const rows = (node['Actual Rows'] + filtered + rechecked) * node['Actual Loops'];
  return [{ table, rows, endToEnd: node['Node Type'] === 'Seq Scan' }, ...below];
}
