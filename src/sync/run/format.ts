import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteQualified, reportedName } from "#sql/quote.ts";
import type { SyncTable } from "../plan.ts";
import { readingFailed } from "./reading-failed.ts";
import { writingFailed } from "./stream.ts";

/** How rows are written between two servers: `binary` takes a third less of both. */
export type CopyFormat = "text" | "binary";

/** bool, bytea, integers, floats, numeric, text, JSON, network addresses, dates and times, bit strings, uuid. */
const SCALARS = [
  16, 17, 20, 21, 23, 25, 114, 650, 700, 701, 774, 829, 869, 1042, 1043, 1082, 1083, 1114, 1184, 1266, 1560, 1562, 1700,
  2950, 3802,
];

/** Arrays of bool, int2, int4, text, char(n), varchar, int8, float4, float8, timestamp, date, timestamptz, numeric, uuid. */
const ARRAYS = [1000, 1005, 1007, 1009, 1014, 1015, 1016, 1021, 1022, 1115, 1182, 1185, 1231, 2951];

/**
 * Types whose binary form is the same in every version that is supported, by oid (pg_type.dat), and holds no oid of anything that a
 * database has of its own. Not `money`, whose digits are a locale's, nor `interval`, of which only some versions know an infinite one.
 */
const STABLE: ReadonlySet<number> = new Set([...SCALARS, ...ARRAYS]);

/** text, char(n) and varchar, which are written alike. */
const TEXTS: ReadonlySet<number> = new Set([25, 1042, 1043]);

/**
 * Asks both servers of which types the values are. In text one is written as another, a number as a text; in binary they have to be
 * the same.
 * @throws ConfitureError as a copy of the table does
 */
export async function formatOf(source: Database, target: Database, table: SyncTable): Promise<CopyFormat> {
  if (source.engine !== "server" || target.engine !== "server" || table.columns.length === 0) return "text";
  const name = reportedName(table.schema, table.name);
  const read = await typesOf(source, `SELECT * FROM (${table.query}) q LIMIT 0`).catch((error: unknown) => {
    throw readingFailed(error, name);
  });
  const columns = table.columns.map((column) => quoteIdentifier(column.name)).join(", ");
  const into = `SELECT ${columns} FROM ONLY ${quoteQualified(table.schema, table.name)} LIMIT 0`;
  const written = await typesOf(target, into).catch((error: unknown) => {
    throw writingFailed(error, name);
  });
  const isStable = read.every((type, index) => {
    const to = written[index]!;
    return STABLE.has(type) && (type === to || (TEXTS.has(type) && TEXTS.has(to)));
  });
  return isStable && read.length === written.length ? "binary" : "text";
}

/** The types of a query's columns; of a domain, that of the type below. */
async function typesOf(database: Database, query: string): Promise<number[]> {
  let types: number[] = [];
  await database.execute(query, {
    columns: (columns) => (types = columns.map(({ type }) => type)),
    row() {},
    copied() {},
    completed() {},
    ready() {},
  });
  return types;
}
