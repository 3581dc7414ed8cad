import { CATALOGUE_PATH, inOneForm, queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { ConfitureError } from "#errors/error.ts";

/**
 * Runs a query about rows in a scratch database. Where their owner has given up the right to read them, or is under the policies of
 * his own table, that is taken back for as long as the query takes, and no longer.
 */
export async function queryOwnRows<Row extends object>(
  database: Database,
  sql: string,
  parameters: readonly unknown[] = [],
): Promise<Row[]> {
  try {
    return await queryCatalogue<Row>(database, sql, parameters);
  } catch (error) {
    if (!(error instanceof ConfitureError) || error.server?.sqlstate !== INSUFFICIENT_PRIVILEGE) throw error;
  }
  await database.execute(`${inOneForm("begin")}; ${CATALOGUE_PATH}`);
  try {
    await database.execute(TAKE_BACK);
    return await database.query<Row>(sql, parameters);
  } finally {
    await rollback(database);
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html; also where policies would hide rows. */
const INSUFFICIENT_PRIVILEGE = "42501";

const TAKE_BACK = `
  do $do$
  declare own record;
  begin
    for own in
      select format('%I', nspname) as name from pg_namespace
       where pg_has_role(nspowner, 'USAGE') and not has_schema_privilege(oid, 'USAGE')
    loop
      execute 'grant usage on schema ' || own.name || ' to current_user';
    end loop;
    for own in
      select format('%I.%I', n.nspname, c.relname) as name, c.relforcerowsecurity as is_forced
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p') and n.nspname not in ('pg_catalog', 'information_schema')
         and pg_has_role(c.relowner, 'USAGE') and (c.relforcerowsecurity or not has_table_privilege(c.oid, 'SELECT'))
    loop
      execute 'grant select on ' || own.name || ' to current_user';
      if own.is_forced then execute 'alter table ' || own.name || ' no force row level security'; end if;
    end loop;
  end $do$`;
