import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteQualified, reportedName } from "#sql/quote.ts";
import type { SyncColumn, SyncInside, SyncTable } from "../plan.ts";

/** What is proven by itself: a column, or what a path of it leads to. */
export interface Part extends Omit<SyncInside, "path" | "location"> {
  /** "public.users.email"; with a path, "public.users.profile contact.email" */
  readonly name: string;
  /** Undefined for the column's own values. */
  readonly path: string | undefined;
}

/** The column, and then its paths. */
export function partsOf({ schema, name: table }: SyncTable, column: SyncColumn): [Part, ...Part[]] {
  const { elements, inside = [], transform = "", proof, tokens, resultTokens, shape, mayBeResult } = column;
  const name = reportedName(schema, table, column.name);
  const value = `source.${quoteIdentifier(column.name)}`;
  const values =
    elements === true
      ? `select e.v::pg_catalog.text, e.n::pg_catalog.text from pg_catalog.unnest(${value}) with ordinality e (v, n)`
      : `select ${value}::pg_catalog.text, ''`;
  const own = {
    ...(tokens === undefined ? {} : { tokens }),
    ...(resultTokens === undefined ? {} : { resultTokens }),
    ...(shape === undefined ? {} : { shape }),
    ...(mayBeResult === undefined ? {} : { mayBeResult }),
  };
  return [
    { name, path: undefined, transform, proof, values, ...own },
    ...inside.map((each) => ({ ...each, name: `${name} ${each.path}` })),
  ];
}

/** How many values of a side are as the rule makes them, or are not. */
export async function countLike(side: Database, table: SyncTable, part: Part, isResult: boolean): Promise<number> {
  const { values, mayBeResult } = part;
  if (mayBeResult === undefined) return 0;
  const [row] = await side.query<{ number: number }>(
    `select pg_catalog.count(*)::pg_catalog.float8 as number from only ${quoteQualified(table.schema, table.name)} source, lateral (${values}) each (v, n)
      where each.v operator(pg_catalog.<>) '' and ${isResult ? "" : "not "}(${mayBeResult})`,
  );
  return row?.number ?? 0;
}
