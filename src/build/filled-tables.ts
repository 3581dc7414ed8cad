import { CATALOGUE_PATH, inOneForm, queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteQualified, reportedName } from "#sql/quote.ts";

/** How many tables one question is about. */
const AT_ONCE = 200;

/** The largest table, in bytes, whose rows are counted. */
const COUNTED = 1_000_000;

export interface FilledTable {
  readonly oid: number;
  /** For people. */
  readonly name: string;
  /** How many rows it has; undefined for a large table, and where the role may not read it. */
  readonly rows: number | undefined;
  /** Where its rows are stored, which TRUNCATE changes. */
  readonly storage: number;
  /** Rows that the open transaction deleted, less those that it inserted. */
  readonly fewer: number;
}

/** How its questions are asked. */
type Query = <Row extends object>(sql: string, parameters?: readonly unknown[]) => Promise<Row[]>;

/**
 * The tables that have rows, in the order of their names. Tables of extensions do not count, nor those of a schema that
 * is left out; where the role may not read a table, one that takes room on the disk counts.
 * @param database in no transaction
 * @param leftOut a table of the tool's own
 */
export async function filledTables(
  database: Database,
  leftOut: { readonly schema: string; readonly table: string },
): Promise<FilledTable[]> {
  return await askFor((sql, parameters) => queryCatalogue(database, sql, parameters), leftOut);
}

/** The same as the open transaction of the session sees them, which stays open. */
export async function filledTablesInside(
  database: Database,
  leftOut: Parameters<typeof filledTables>[1],
): Promise<FilledTable[]> {
  await database.execute(`${inOneForm("savepoint confiture_filled")}; ${CATALOGUE_PATH}`);
  const filled = await askFor((sql, parameters) => database.query(sql, parameters), leftOut);
  await database.execute("rollback to savepoint confiture_filled; release savepoint confiture_filled");
  return filled;
}

async function askFor(query: Query, leftOut: Parameters<typeof filledTables>[1]): Promise<FilledTable[]> {
  const tables = await query<Table>(TABLES, [leftOut.schema, leftOut.table]);
  const filled: FilledTable[] = [];
  for (let at = 0; at < tables.length; at += AT_ONCE) {
    const some = tables.slice(at, at + AT_ONCE);
    const asked = some.filter(({ readable }) => readable);
    const counts = asked.map(({ schema, name, size }) => {
      const limit = size > COUNTED ? " limit 1" : "";
      return `(select count(*) from (select from only ${quoteQualified(schema, name)}${limit}) rows)::float8`;
    });
    const [row] =
      counts.length === 0 ? [] : await query<{ counts: number[] }>(`select array[${counts.join(", ")}] as counts`);
    for (const table of some) {
      const { oid, schema, name, size, storage, fewer } = table;
      const place = asked.indexOf(table);
      const rows = place >= 0 ? row?.counts[place] : undefined;
      if (rows === 0) continue;
      filled.push({ oid, name: reportedName(schema, name), rows: size > COUNTED ? undefined : rows, storage, fewer });
    }
  }
  return filled;
}

interface Table {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** In bytes. */
  readonly size: number;
  readonly storage: number;
  readonly fewer: number;
  readonly readable: boolean;
}

const TABLES = `
  select c.oid::int8::float8 as oid, n.nspname as schema, c.relname as name,
         pg_relation_size(c.oid)::float8 as size, c.relfilenode::int8::float8 as storage,
         (pg_stat_get_xact_tuples_deleted(c.oid) - pg_stat_get_xact_tuples_inserted(c.oid))::float8 as fewer,
         has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
           and not c.relforcerowsecurity as readable
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'r' and pg_relation_size(c.oid) > 0
     and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and not (n.nspname = $1 and c.relname = $2)
     and not exists (
           select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
   order by n.nspname, c.relname`;
