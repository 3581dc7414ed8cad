import type { Database } from "#database/database.ts";
import { rollback } from "#database/rollback.ts";
import { quoteIdentifier, quoteLiteral, quoteQualified, reportedName } from "#sql/quote.ts";
import { type Decision, UNDECIDED } from "./decision.ts";
import type { SourceColumn, SourceTable } from "./source/catalogue.ts";
import { LOOKED_AT, LOOKS, MOST, WITHIN } from "./rules/looks.ts";
import { readingFailed } from "./run/reading-failed.ts";
import { familyOf } from "./transforms/registry.ts";

/** What is counted of each column: its values, those of each look, and those with an address in them. */
const PATTERNS = [...LOOKS.map(({ pattern }) => pattern), WITHIN];

/** Columns in one query: PostgreSQL takes 1,664 results (MaxTupleAttributeNumber). */
const AT_ONCE = Math.floor(1_600 / (PATTERNS.length + 1));

/**
 * What the first values of a table's text columns look like, and the elements of its arrays of texts. The database counts.
 * @param database in no transaction
 * @throws ConfitureError `sync_source_failed`
 */
export async function looksOf(database: Database, table: SourceTable): Promise<ReadonlyMap<SourceColumn, Decision>> {
  const columns = table.columns.filter((column) => !column.generated && familyOf(column) === "text");
  const looks = new Map<SourceColumn, Decision>();
  for (let from = 0; from < columns.length; from += AT_ONCE) {
    const some = columns.slice(from, from + AT_ONCE);
    const counts = await count(database, table, some);
    for (const [index, column] of some.entries()) {
      const decision = decisionOf(column, counts[index]!);
      if (decision !== undefined) looks.set(column, decision);
    }
  }
  return looks;
}

/** Of each column how many values there are, and how many match each of the patterns. */
async function count(
  database: Database,
  table: SourceTable,
  columns: readonly SourceColumn[],
): Promise<(readonly number[])[]> {
  const list = columns.map(
    ({ name, isArray }, index) => `${quoteIdentifier(name)}::text${isArray ? "[]" : ""} AS c${index}`,
  );
  const counts = columns.flatMap(({ isArray }, index) =>
    ["", ...PATTERNS].map((pattern, at) => {
      const matches = (value: string): string => (at === 0 ? `${value} <> ''` : `${value} ~ ${quoteLiteral(pattern)}`);
      const number = isArray
        ? `coalesce(sum((SELECT count(*) FROM unnest(c${index}) e (v) WHERE ${matches("e.v")})), 0)`
        : `count(*) FILTER (WHERE ${at === 0 ? `c${index} IS NOT NULL` : matches(`c${index}`)})`;
      return `(${number})::float8 AS n${index}_${at}`;
    }),
  );
  try {
    await database.execute(
      "begin isolation level repeatable read read only; set local row_security = off; set local search_path = pg_catalog, pg_temp",
    );
    const [row] = await database.query<Record<string, number>>(
      `SELECT ${counts.join(", ")} FROM (SELECT ${list.join(", ")} FROM ${quoteQualified(table.schema, table.name)} LIMIT ${LOOKED_AT}) seen`,
    );
    return columns.map((_, index) => ["", ...PATTERNS].map((__, at) => row?.[`n${index}_${at}`] ?? 0));
  } catch (error) {
    throw readingFailed(error, reportedName(table.schema, table.name));
  } finally {
    await rollback(database);
  }
}

function decisionOf({ isArray }: SourceColumn, [all = 0, ...counts]: readonly number[]): Decision | undefined {
  const share = (look: number): number => (all === 0 ? 0 : (counts[look] ?? 0) / all);
  const percent = (part: number): string =>
    `${Math.max(1, Math.round(part * 100))}%${isArray ? " of the elements" : ""}`;
  const at = LOOKS.findIndex((_, look) => share(look) >= MOST);
  const look = LOOKS[at];
  if (look !== undefined) return { rule: look.rule, why: `${percent(share(at))} look like ${look.what}` };
  const within = share(LOOKS.length);
  return within === 0 ? undefined : { rule: UNDECIDED, why: `${percent(within)} hold an e-mail address` };
}
