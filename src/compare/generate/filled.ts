import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteQualified, reportedName } from "#sql/quote.ts";
import { queryOwnRows } from "#scratch/own-rows.ts";
import type { Change } from "../catalogue/changes.ts";

/** A table that the schema files fill. */
export interface FilledTable {
  readonly schema: string;
  readonly table: string;
  readonly rows: number;
}

/** The tables that have rows in what the schema files build; those of partitions count for the table that is partitioned. */
export async function readFilled(database: Database): Promise<FilledTable[]> {
  const filled = new Map<string, FilledTable>();
  for (const { schema, table, part } of await queryCatalogue<FilledPart>(database, PARTS)) {
    const [row] = await queryOwnRows<{ rows: number }>(database, `select count(*)::int as rows from only ${part}`);
    const key = quoteQualified(schema, table);
    const rows = (row?.rows ?? 0) + (filled.get(key)?.rows ?? 0);
    if (rows > 0) filled.set(key, { schema, table, rows });
  }
  return [...filled.values()];
}

/** Those of them that a plan makes: without their rows, which are no part of a plan. Pure. */
export function leftEmpty(filled: readonly FilledTable[], changes: readonly Change[]): FilledTable[] {
  const made = changes.filter(({ change, kind }) => change === "added" && kind === "table");
  return filled.filter(({ schema, table }) => made.some(({ path }) => path[0] === schema && path[1] === table));
}

/** "2 rows of public.plans". Pure. */
export function rowsIn({ schema, table, rows }: FilledTable): string {
  return `${rows} ${rows === 1 ? "row" : "rows"} of ${reportedName(schema, table)}`;
}

interface FilledPart extends Pick<FilledTable, "schema" | "table"> {
  /** What holds the rows, quoted: the table, or a partition of it. */
  readonly part: string;
}

const PARTS = `
  select rn.nspname::text as schema, root.relname::text as table, format('%I.%I', n.nspname, c.relname) as part
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_class root on root.oid = case when c.relispartition then pg_partition_root(c.oid)::oid else c.oid end
    join pg_namespace rn on rn.oid = root.relnamespace
   where c.relkind = 'r' and pg_relation_size(c.oid) > 0
     and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
   order by 1, 2`;
