/**
 * SQL is written against the schema `animus`. A database that is shared with others may call it something else; the
 * name is then put in here, never through the session, because poolers hand sessions around.
 */
export const DEFAULT_SCHEMA = 'animus';

const VALID = /^[a-z_][a-z0-9_]{0,40}$/;

/** Returns a function that names the schema in a statement. Throws for a name that would need quoting. */
export function schemaQualifier(schema: string): (sql: string) => string {
  if (!VALID.test(schema)) {
    throw new Error(`"${schema}" is no schema name: use up to 41 lower-case letters, digits and underscores.`);
  }
  if (schema === DEFAULT_SCHEMA) return (sql) => sql;
  const known = new Map<string, string>();
  return (sql) => {
    let qualified = known.get(sql);
    if (qualified === undefined) {
      qualified = sql.replace(/\banimus\b(?=\.|;|\s|$)/g, schema);
      if (known.size < 1000) known.set(sql, qualified);
    }
    return qualified;
  };
}
