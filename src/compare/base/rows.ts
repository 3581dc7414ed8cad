import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified } from "#sql/quote.ts";
import { SCRATCH_LEDGER } from "../scratch/scratch-run.ts";
import { readSequences } from "../sources/sequences.ts";

/** Statements, without semicolons, that put the rows of a scratch database into its tables again, and sequences to where they are. */
export async function insertStatements(database: Database): Promise<string[]> {
  const tables = await queryCatalogue<Table>(database, TABLES, [SCRATCH_LEDGER.schema, SCRATCH_LEDGER.table]);
  const inserts: string[] = [];
  for (const { schema, table, columns } of tables) {
    const names = columns.map(quoteIdentifier);
    const values = names.map((name) => `quote_nullable(${name}::text)`).join(" || ', ' || ");
    const relation = quoteQualified(schema, table);
    const rows = await queryCatalogue<{ row: string }>(
      database,
      `select '(' || ${values} || ')' as row from ${relation} order by ${names.map((name) => `${name}::text collate "C"`).join(", ")}`,
    );
    if (rows.length === 0) continue;
    inserts.push(
      `INSERT INTO ${relation} (${names.join(", ")}) OVERRIDING SYSTEM VALUE VALUES\n  ${rows.map(({ row }) => row).join(",\n  ")}`,
    );
  }
  const sequences = await readSequences(database);
  return [
    ...inserts,
    ...sequences.map(
      ({ schema, name, last, isCalled }) =>
        `SELECT pg_catalog.setval(${quoteLiteral(quoteQualified(schema, name))}, ${last}${isCalled ? "" : ", false"})`,
    ),
  ];
}

interface Table {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
}

/** Rows of partitions are their table's. What an extension keeps, and what is generated, comes by itself. */
const TABLES = `
  select n.nspname::text as schema, c.relname::text as table, json_agg(a.attname order by a.attnum) as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
   where c.relkind in ('r', 'p') and not c.relispartition
     and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and (n.nspname, c.relname) <> ($1, $2)
     and not exists (select from pg_depend d
                      where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
   group by n.nspname, c.relname
   order by 1, 2`;
