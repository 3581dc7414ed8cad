import type { Database } from "#database/database.ts";
import type { TableSize } from "./pieces.ts";
import { isOfUsers } from "./schemas-of-users.ts";

/** Bytes of a page of the source. */
export async function readPageSize(database: Database): Promise<number> {
  const [row] = await database.query<{ size: string }>("select pg_catalog.current_setting('block_size') as size");
  return Number(row?.size ?? 8192);
}

/** How large tables are, and how many rows they have, as PostgreSQL estimates. */
export async function readSizes(database: Database): Promise<TableSize[]> {
  return await database.query<TableSize>(
    `select n.nspname::pg_catalog.text as schema, c.relname::pg_catalog.text as name,
            pg_catalog.pg_relation_size(c.oid)::pg_catalog.float8 as bytes,
            case when c.reltuples operator(pg_catalog.<) 0 then null else c.reltuples::pg_catalog.float8 end as rows
       from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
      where c.relkind operator(pg_catalog.=) 'r' and ${isOfUsers("n")}`,
  );
}
