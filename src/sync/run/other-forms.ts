import type { Database } from "#database/database.ts";
import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import type { SyncColumn, SyncTable } from "../plan.ts";
import { hasToken, isEmail, isOddNumber } from "./tokens.ts";

/**
 * How many originals are of a form that is not looked for in text: addresses with a quoted name, or at a host without a dot, and
 * numbers of a few digits or very many. They could not be told from something else.
 */
export async function countOtherForms(source: Database, table: SyncTable, column: SyncColumn): Promise<number> {
  const value = `source.${quoteIdentifier(column.name)}`;
  const values = column.elements === true ? `pg_catalog.unnest(${value})` : `(select ${value})`;
  const text = `(each.v::pg_catalog.text collate pg_catalog."C")`;
  const isOddAddress = `pg_catalog.strpos(${text}, '@') operator(pg_catalog.>) 0 and not ${isEmail(text)} and not ${hasToken("email", text)}`;
  const [row] = await source.query<{ number: number }>(
    `select pg_catalog.count(*)::pg_catalog.float8 as number from only ${quoteQualified(table.schema, table.name)} source, lateral ${values} each (v)
      where ${column.transform === "phone" ? isOddNumber(text) : isOddAddress}`,
  );
  return row?.number ?? 0;
}
