import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteQualified, reportedName } from "#sql/quote.ts";

/** How many tables one question is about. */
const AT_ONCE = 200;

/**
 * The tables that have rows, by their names for people, in the order of these. Tables of extensions do not count, nor those of a schema that
 * is left out; where the role may not read a table, one that takes room on the disk counts.
 * @param database in no transaction
 * @param leftOut a table of the tool's own
 */
export async function filledTables(
  database: Database,
  leftOut: { readonly schema: string; readonly table: string },
): Promise<string[]> {
  const tables = await queryCatalogue<{ schema: string; name: string; readable: boolean }>(database, TABLES, [
    leftOut.schema,
    leftOut.table,
  ]);
  const filled: string[] = [];
  for (let at = 0; at < tables.length; at += AT_ONCE) {
    const some = tables.slice(at, at + AT_ONCE);
    const asked = some.filter(({ readable }) => readable);
    const has = asked.map(({ schema, name }) => `exists (select from only ${quoteQualified(schema, name)})`);
    const [row] =
      has.length === 0
        ? []
        : await queryCatalogue<{ has: boolean[] }>(database, `select array[${has.join(", ")}] as has`);
    for (const table of some) {
      const place = asked.indexOf(table);
      if (place < 0 || row?.has[place] === true) filled.push(reportedName(table.schema, table.name));
    }
  }
  return filled;
}

const TABLES = `
  select n.nspname as schema, c.relname as name, has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
           and not c.relforcerowsecurity as readable
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'r' and pg_relation_size(c.oid) > 0
     and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and not (n.nspname = $1 and c.relname = $2)
     and not exists (
           select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
   order by 1, 2`;
