/** The tables of a store as the catalogue has them, and what their rows come to. */
import type { Queryable } from './types.ts';

export type TableShape = {
  name: string;
  columns: { name: string; type: string }[];
  /** The primary key's columns. */
  key: string[];
};

export type CopiedTable = {
  name: string;
  rows: number;
  /** The same for the same rows, in whatever order they lie. */
  hash: string;
};

/** All tables of the schema but the migrations' own, by name. Names are quoted where they must be. */
export async function readTables(db: Queryable, schema: string): Promise<TableShape[]> {
  const columns = await db.query<{ owner: string; name: string; type: string; key: number | null }>(
    `select quote_ident(c.relname) as owner, quote_ident(a.attname) as name, format_type(a.atttypid, a.atttypmod) as type,
       array_position(k.conkey, a.attnum) as key
     from pg_attribute a join pg_class c on c.oid = a.attrelid
       left join pg_constraint k on k.conrelid = c.oid and k.contype = 'p'
     where c.relnamespace = $1::regnamespace and c.relkind = 'r' and c.relname <> 'migrations'
       and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
     order by c.relname, a.attname`,
    [schema],
  );
  return [...Map.groupBy(columns, ({ owner }) => owner)].map(([name, own]) => {
    const key = own.filter((column) => column.key !== null).sort((a, b) => (a.key ?? 0) - (b.key ?? 0));
    if (key.length === 0) throw new Error(`The table ${name} has no primary key.`);
    return {
      name,
      columns: own.map((column) => ({ name: column.name, type: column.type })),
      key: key.map((column) => column.name),
    };
  });
}

/** The first thing in which they differ; undefined where they are the same. */
export function sameTables(some: readonly TableShape[], others: readonly TableShape[]): string | undefined {
  if (some.length !== others.length) return `${some.length} tables and ${others.length}`;
  return some.find((table, at) => JSON.stringify(table) !== JSON.stringify(others[at]))?.name;
}

/** Times are hashed in one zone, whatever zone a session shows them in. */
const comparable = ({ name, type }: TableShape['columns'][number]) =>
  type === 'timestamp with time zone' ? `(${name} at time zone 'UTC')::text` : `${name}::text`;

/** Sums 60 bits of each row's SHA-256. */
export async function fingerprint(db: Queryable, { name, columns }: TableShape): Promise<CopiedTable> {
  const row = `jsonb_build_array(${columns.map(comparable).join(', ')})::text`;
  const digest = `encode(sha256(convert_to(${row}, 'UTF8')), 'hex')`;
  const [found] = await db.query<{ rows: number; hash: string }>(
    `select count(*) as rows, coalesce(sum(('x' || left(${digest}, 15))::bit(60)::bigint), 0)::text as hash from animus.${name}`,
  );
  return { name, rows: found?.rows ?? 0, hash: found?.hash ?? '' };
}
