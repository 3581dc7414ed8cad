import { queryCatalogue } from "#database/catalogue.ts";
import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { SCRATCH_LEDGER } from "../runs/scratch-run.ts";

/** What a table holds, as far as losses show in it. */
export interface TableRows {
  readonly schema: string;
  readonly table: string;
  /** PostgreSQL's number of the table, which it keeps when it is renamed. */
  readonly oid: number;
  readonly rows: number;
  readonly columns: readonly ColumnValues[];
}

export interface ColumnValues {
  readonly name: string;
  /** Its number in the table, which it keeps when it is renamed. */
  readonly position: number;
  /** How many rows have one that is not NULL. */
  readonly values: number;
  /** Stands for all values, whatever the order of rows. */
  readonly hash: string;
}

/** Data that is not there any more. */
export interface Loss {
  /** A table, or a column of it: "public.users.bio". */
  readonly of: string;
  readonly what: "rows" | "values";
  /** How many there were. */
  readonly before: number;
  /** How many of them are left; those that are there but with another content are not. */
  readonly after: number;
}

/** The contents of every table that has rows. */
export async function readRows(database: Database): Promise<TableRows[]> {
  const tables = await queryCatalogue<Omit<TableRows, "rows" | "columns"> & { columns: [string, number][] }>(
    database,
    TABLES,
    [SCRATCH_LEDGER.schema, SCRATCH_LEDGER.table],
  );
  const found: TableRows[] = [];
  for (const { columns, ...table } of tables) {
    const [counted] = await queryCatalogue<{ rows: string; values: string[]; hashes: string[] }>(
      database,
      contentSql(table, columns),
    );
    if (counted === undefined || counted.rows === "0") continue;
    found.push({
      ...table,
      rows: Number(counted.rows),
      columns: columns.map(([name, position], index) => ({
        name,
        position,
        values: Number(counted.values[index]),
        hash: counted.hashes[index] ?? "",
      })),
    });
  }
  return found;
}

/** Partitions count with their table. What has no storage has no rows. */
const TABLES = `
  select n.nspname::text as schema, c.relname::text as table, c.oid::int8::float8 as oid,
         json_agg(json_build_array(a.attname, a.attnum) order by a.attnum) as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
   where (c.relkind = 'p' or (c.relkind = 'r' and pg_relation_size(c.oid) > 0)) and not c.relispartition
     and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
     and (n.nspname, c.relname) <> ($1, $2)
   group by n.nspname, c.relname, c.oid
   order by 1, 2`;

function contentSql(table: { schema: string; table: string }, columns: readonly [string, number][]): string {
  const names = columns.map(([name]) => quoteIdentifier(name));
  const values = names.map((name) => `count(${name})::text`).join(", ");
  const hashes = names.map((name) => `coalesce(sum(hashtextextended(${name}::text, 0)), 0)::text`).join(", ");
  return `select count(*)::text as rows, array[${values}]::text[] as values, array[${hashes}]::text[] as hashes
            from ${quoteQualified(table.schema, table.table)}`;
}

/**
 * What applying a migration has lost: rows of a table, or the values of a column that is gone. A table or column may
 * have another name afterwards, and values may be other ones. Pure.
 */
export function lostByUp(before: readonly TableRows[], after: readonly TableRows[]): Loss[] {
  return before.flatMap((table) => {
    const now = after.find(({ oid }) => oid === table.oid) ?? after.find((other) => nameOf(other) === nameOf(table));
    const rows = lostRows(table, now);
    if (rows.length > 0 || now === undefined) return rows;
    return table.columns.flatMap((column) => {
      const same =
        now.oid === table.oid
          ? now.columns.find(({ position }) => position === column.position)
          : now.columns.find(({ name }) => name === column.name);
      const left = same?.values ?? 0;
      return left < column.values ? [lostValues(table, column, left)] : [];
    });
  });
}

/** What is not as it was when a migration has been applied and rolled back. Pure. */
export function lostByRollback(before: readonly TableRows[], after: readonly TableRows[]): Loss[] {
  return before.flatMap((table) => {
    const now = after.find((other) => nameOf(other) === nameOf(table));
    const rows = lostRows(table, now);
    if (rows.length > 0 || now === undefined) return rows;
    return table.columns.flatMap((column) => {
      const same = now.columns.find(({ name }) => name === column.name);
      if (column.values === 0 || (same?.hash === column.hash && same.values === column.values)) return [];
      // Rows that were added, as by a trigger that keeps a log, change the hash and take nothing away.
      if (same !== undefined && now.rows > table.rows && same.values >= column.values) return [];
      // As many, but not the same: none of them is known to be left.
      const left = same !== undefined && same.values < column.values ? same.values : 0;
      return [lostValues(table, column, left)];
    });
  });
}

function lostRows(table: TableRows, now: TableRows | undefined): Loss[] {
  const left = now?.rows ?? 0;
  return left < table.rows ? [{ of: nameOf(table), what: "rows", before: table.rows, after: left }] : [];
}

function lostValues(table: TableRows, { name, values }: ColumnValues, after: number): Loss {
  return { of: `${nameOf(table)}.${name}`, what: "values", before: values, after };
}

function nameOf({ schema, table }: Pick<TableRows, "schema" | "table">): string {
  return `${schema}.${table}`;
}
