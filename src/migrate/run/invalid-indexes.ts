import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";

/** An index that a failed CREATE INDEX CONCURRENTLY or REINDEX CONCURRENTLY left. */
export interface InvalidIndex {
  /** Quoted and qualified. */
  readonly name: string;
  /** What makes it, as PostgreSQL writes it. */
  readonly statement: string;
  /** What clears it away. */
  readonly drop: string;
}

/** One with its names as the catalogue has them. */
export interface PlacedInvalidIndex {
  readonly index: InvalidIndex;
  readonly relation: string;
  readonly schema: string;
  readonly table: string;
}

/**
 * The invalid indexes of a database. An index of a partitioned table is none of them: it waits for those of the
 * partitions, and CONCURRENTLY never makes one. REINDEX names what it makes NAME_ccnew and what it replaces NAME_ccold.
 */
export async function invalidIndexes(database: Database): Promise<InvalidIndex[]> {
  return (await placedInvalidIndexes(database)).map(({ index }) => index);
}

/** `invalidIndexes`, to be looked up by name. */
export async function placedInvalidIndexes(database: Database): Promise<PlacedInvalidIndex[]> {
  const rows = await queryCatalogue<
    Omit<PlacedInvalidIndex, "index"> & { name: string; definition: string; rebuilt: string | null }
  >(
    database,
    `select format('%I.%I', n.nspname, c.relname) as name, pg_get_indexdef(c.oid) as definition,
            c.relname::text as relation, n.nspname::text as schema, t.relname::text as "table",
            (select format('%I.%I', n.nspname, o.relname)
               from pg_index oi join pg_class o on o.oid = oi.indexrelid
              where oi.indrelid = i.indrelid and c.relname ~ '_cc(new|old)[0-9]*$'
                and o.relname = regexp_replace(c.relname, '_cc(new|old)[0-9]*$', '')) as rebuilt
       from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
       join pg_class t on t.oid = i.indrelid
      where not i.indisvalid and c.relkind = 'i' order by 1`,
  );
  return rows.map(({ name, definition, rebuilt, ...names }) => ({
    ...names,
    index: {
      name,
      statement:
        rebuilt === null
          ? definition.replace(/^CREATE (UNIQUE )?INDEX /, "CREATE $1INDEX CONCURRENTLY ")
          : `REINDEX INDEX CONCURRENTLY ${rebuilt}`,
      drop: `DROP INDEX CONCURRENTLY ${name}`,
    },
  }));
}

/** The statements that clear them away, a line each. */
export function repairStatements(indexes: readonly InvalidIndex[]): string {
  return indexes.map(({ drop }) => `\n  ${drop};`).join("");
}
