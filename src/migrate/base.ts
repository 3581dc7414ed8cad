import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { progressTable } from "./fill/progress.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { MigrationFile } from "./files/migration-file.ts";
import { BASE_VERSION } from "./files/version.ts";

/**
 * The base: what a database holds before its first migration, as plain SQL. `up` runs it first in a database that is
 * empty, and never in another.
 * @param dir the folder of migrations, relative to the project
 */
export function baseFile(dir: string): MigrationFile {
  return { version: BASE_VERSION, name: "", form: "sql", layout: "confiture", path: `${dir}/${BASE_VERSION}` };
}

/**
 * Whether nobody has made anything in a database yet. Extensions and empty schemas, which an administrator may have put
 * there, do not count, nor does the ledger.
 */
export async function isEmptyDatabase(database: Database, ledger: Pick<Ledger, "schema" | "table">): Promise<boolean> {
  const [row] = await queryCatalogue<{ empty: boolean }>(database, EMPTY, [
    ledger.schema,
    ledger.table,
    progressTable(ledger).table,
  ]);
  return row?.empty === true;
}

const EMPTY = `
  with own as (
         select oid from pg_namespace
          where nspname not in ('pg_catalog', 'information_schema') and nspname !~ '^pg_(toast|temp)'),
       made as (
         select c.oid, 'pg_class'::regclass as class
           from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where c.relnamespace in (select oid from own) and c.relkind not in ('i', 'I', 'c')
            and not (n.nspname = $1 and c.relname in ($2, $3))
         union all
         select oid, 'pg_proc'::regclass from pg_proc where pronamespace in (select oid from own)
         union all
         select oid, 'pg_type'::regclass from pg_type
          where typnamespace in (select oid from own) and typelem = 0 and typtype <> 'm'
            and (typtype <> 'c' or typrelid in (select oid from pg_class where relkind = 'c')))
  select not exists (
           select from made
            where not exists (
                    select from pg_depend d
                     where d.classid = made.class and d.objid = made.oid and d.deptype = 'e')) as empty`;
