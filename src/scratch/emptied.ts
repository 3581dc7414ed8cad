import type { Database } from "#database/database.ts";
import { loadAssets } from "#database/embedded/load.ts";
import type { UntouchedCatalogue } from "#database/embedded/prepare.ts";
import { ConfitureError } from "#errors/error.ts";
import { deallocateOthers } from "#database/read-again.ts";

/**
 * Empties a database of the embedded engine, for what comes next in it.
 * @returns whether it is as a new one is: each row of its catalogue is one that a new database has, and none is missing;
 * and whether it is not worn out
 */
export async function emptied(database: Database): Promise<boolean> {
  try {
    await database.execute(`rollback; ${END_SESSION}`);
    await database.execute(DROP_EVERYTHING);
    await deallocateOthers(database);
    const [state] = await database.query<{ untouched: boolean }>(untouchedSql(await (await loadAssets()).untouched()));
    return state?.untouched === true;
  } catch (error) {
    // Something that is not dropped like that. A new database does not have it.
    if (error instanceof ConfitureError && error.code !== "internal") return false;
    throw error;
  }
}

const END_SESSION =
  "reset session authorization; reset role; reset all; close all; unlisten *; discard sequences; discard temp; " +
  "select pg_catalog.pg_advisory_unlock_all()";

/**
 * How much of the log may have been written, some 8 MB by initdb. It stays in memory, as do the rows of the catalogue that are gone,
 * which PostgreSQL reads past each time.
 */
const WORN_OUT = "0/6000000";

/** Objects' first number (FirstNormalObjectId in access/transam.h). */
const FIRST = 16384;

/**
 * The schema public stays, because another would have another number, and so does the one of the session's temporary tables, which it
 * would go on using. Aggregates go as routines: DROP AGGREGATE wants the
 * asterisk of `count(*)`, which an identity does not have.
 */
const DROP_EVERYTHING = `do $confiture$
declare
  command text;
  commands text[];
begin
  perform pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  perform pg_catalog.set_config('client_min_messages', 'error', true);
  select array_agg(sql order by step) into commands from (
    select 1 as step, format('drop event trigger %I', evtname) as sql from pg_event_trigger
    union all select 2, format('drop extension if exists %I cascade', extname) from pg_extension where oid >= ${FIRST}
    union all select 2, format('drop publication %I', pubname) from pg_publication
    union all select 3, format('drop schema %I cascade', nspname) from pg_namespace where oid >= ${FIRST} and nspname !~ '^pg_(toast_)?temp_'
    union all
    select 4, format('drop %s if exists %s cascade', case o.type when 'statistics object' then 'statistics' when 'aggregate' then 'routine' else o.type end, o.identity)
      from (select distinct classid, objid from pg_depend
             where refclassid = 'pg_namespace'::regclass and refobjid = 'public'::regnamespace and deptype = 'n' and objid >= ${FIRST}
            except
            select classid, objid from pg_depend where deptype = 'i') d
      cross join lateral pg_identify_object(d.classid, d.objid, 0) o
    union all select 5, format('drop owned by %I cascade', rolname) from pg_authid where oid >= ${FIRST}
    union all select 6, format('drop role %I', rolname) from pg_authid where oid >= ${FIRST}
  ) as all_commands;
  foreach command in array coalesce(commands, '{}') loop
    execute command;
  end loop;
end
$confiture$`;

function untouchedSql({ next, tables }: UntouchedCatalogue): string {
  const same = Object.entries(tables).map(
    ([table, rows]) =>
      `select count(*) = ${rows} and count(*) filter (where age(xmin) <= age('${next}'::xid)) = 0 as same from pg_catalog.${table}`,
  );
  // Libraries of extensions stay: one with settings of its own reserves their names.
  return `select bool_and(same) and not exists (select from pg_catalog.pg_locks where locktype = 'advisory')
                 and not exists (select from pg_catalog.pg_settings where name like '%.%' and name not like 'plpgsql.%')
                 and pg_catalog.pg_current_wal_insert_lsn() < '${WORN_OUT}' as untouched
            from (${same.join(" union all ")}) as tables`;
}
