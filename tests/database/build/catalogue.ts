type Query = (sql: string) => Promise<object[]>;

/** Every catalogue that a user's objects can be in, and what tells them from the system's own. */
const USER_OBJECTS = `
  SELECT c.relname::text AS catalogue
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'oid' AND a.atttypid = 'oid'::regtype
   WHERE c.relnamespace = 'pg_catalog'::regnamespace AND c.relkind = 'r' AND NOT c.relisshared
   ORDER BY 1`;

/** How many objects of the user's each system catalogue holds; empty in a new database. */
export async function countUserObjects(query: Query): Promise<Record<string, number>> {
  const catalogues = (await query(USER_OBJECTS)) as { catalogue: string }[];
  const counts: Record<string, number> = {};
  for (const { catalogue } of catalogues) {
    const [row] = (await query(`SELECT count(*)::int AS n FROM pg_catalog."${catalogue}" WHERE oid >= 16384`)) as {
      n: number;
    }[];
    if (row !== undefined && row.n > 0) counts[catalogue] = row.n;
  }
  return counts;
}

/** What makes the schema public of one database equal to that of another. */
export const PUBLIC_SCHEMA = `
  SELECT n.nspowner::regrole::text AS owner, n.nspacl::text AS rights, obj_description(n.oid, 'pg_namespace') AS comment
    FROM pg_namespace n WHERE n.nspname = 'public'`;

const FINGERPRINT = `
  SELECT 'relation ' || c.oid::regclass || ' ' || c.relkind::text || ' ' || coalesce(c.reloptions::text, '') || ' ' || coalesce(c.relacl::text, '') || ' ' || c.relowner::regrole AS line
    FROM pg_class c WHERE c.oid >= 16384 AND c.relnamespace <> 'pg_toast'::regnamespace
  UNION ALL SELECT 'column ' || a.attrelid::regclass || '.' || a.attnum || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
      || ' ' || coalesce(pg_get_expr(d.adbin, d.adrelid), '')
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attrelid >= 16384 AND a.attnum > 0 AND c.relnamespace <> 'pg_toast'::regnamespace
  UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint WHERE oid >= 16384
  UNION ALL SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index WHERE indexrelid >= 16384 AND indrelid::regclass::text NOT LIKE 'pg_toast.%'
  UNION ALL SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE oid >= 16384 AND prokind IN ('f', 'p')
  UNION ALL SELECT 'view ' || oid::regclass || ' ' || pg_get_viewdef(oid) FROM pg_class WHERE relkind IN ('v', 'm') AND oid >= 16384
  UNION ALL SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE oid >= 16384 AND NOT tgisinternal
  UNION ALL SELECT 'enum ' || enumtypid::regtype || ' ' || enumsortorder || ' ' || enumlabel FROM pg_enum WHERE oid >= 16384
  UNION ALL SELECT 'extension ' || extname || ' ' || extversion FROM pg_extension
  UNION ALL SELECT 'schema ' || nspname || ' ' || coalesce(nspacl::text, '') FROM pg_namespace WHERE nspname !~ '^pg_'
  UNION ALL SELECT 'comment ' || classoid::regclass || ' ' || objsubid || ' ' || description FROM pg_description WHERE objoid >= 16384
  ORDER BY 1`;

/** The definition of everything in a database, as lines to compare. */
export async function fingerprint(query: Query): Promise<string[]> {
  return ((await query(FINGERPRINT)) as { line: string }[]).map(({ line }) => line);
}
