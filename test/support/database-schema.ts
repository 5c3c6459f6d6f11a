/** A schema as text, through the catalogue: the same on every server that has the same schema. */
import type { Queryable } from '../../src/host/db/types.ts';

type Named = { owner: string; line: string };

/** Tables with their columns, constraints, indexes and triggers, then functions; sorted, named as in schema `animus`. */
export async function dumpSchema(db: Queryable, schema: string): Promise<string> {
  const columns = await db.query<Named>(
    `select c.relname as owner, format('%I %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
       coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), ''), case when a.attnotnull then ' not null' else '' end) as line
     from pg_attribute a join pg_class c on c.oid = a.attrelid
       left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where c.relnamespace = $1::regnamespace and c.relkind = 'r' and a.attnum > 0 and not a.attisdropped
     order by a.attnum`,
    [schema],
  );
  // From Postgres 18 on, not null is a constraint too; the columns say it already.
  const constraints = await db.query<Named>(
    `select c.relname as owner, format('constraint %I %s', k.conname, pg_get_constraintdef(k.oid)) as line
     from pg_constraint k join pg_class c on c.oid = k.conrelid
     where k.connamespace = $1::regnamespace and k.contype <> 'n' order by k.conname`,
    [schema],
  );
  const indexes = await db.query<Named>(
    `select c.relname as owner, pg_get_indexdef(i.indexrelid) as line
     from pg_index i join pg_class c on c.oid = i.indrelid
     where c.relnamespace = $1::regnamespace and not exists (select 1 from pg_constraint k where k.conindid = i.indexrelid)`,
    [schema],
  );
  const triggers = await db.query<Named>(
    `select c.relname as owner, pg_get_triggerdef(t.oid) as line
     from pg_trigger t join pg_class c on c.oid = t.tgrelid
     where c.relnamespace = $1::regnamespace and not t.tgisinternal`,
    [schema],
  );
  const functions = await db.query<{ line: string }>(
    `select pg_get_functiondef(p.oid) as line from pg_proc p where p.pronamespace = $1::regnamespace order by p.proname`,
    [schema],
  );
  const tables = [...new Set(columns.map(({ owner }) => owner))].sort().map((table) => {
    const of = (rows: Named[]) => rows.filter(({ owner }) => owner === table).map(({ line }) => line);
    const members = [...of(columns), ...of(constraints)].map((line) => `  ${line}`).join(',\n');
    const rest = [...of(indexes).sort(), ...of(triggers).sort()].map((line) => `${line};\n`).join('');
    return `create table animus.${table} (\n${members}\n);\n${rest}`;
  });
  const text = [...tables, ...functions.map(({ line }) => `${line.trimEnd()};\n`)].join('\n');
  return text.replaceAll(new RegExp(`\\b${schema}\\.`, 'g'), 'animus.');
}
