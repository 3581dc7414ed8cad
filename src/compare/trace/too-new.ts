import type { Database } from "#database/database.ts";
import { type Need, needsOf } from "#sql/needs-major.ts";
import type { Statement } from "#sql/statement.ts";
import { namesAltered } from "#sql/lexer/token-names.ts";
import { isOwnFunction, isPartitioned } from "./lookups.ts";

/**
 * What the version that a statement is for does not know of it; undefined where it knows all of it.
 * @param isWhole whether everything before it has run: an extension that is lacking here may bring a function of a newer one's name
 */
export async function whyTooNew(
  database: Database,
  statement: Statement,
  postgres: number,
  isWhole: boolean,
): Promise<string | undefined> {
  for (const need of needsOf(statement)) {
    if (need.major <= postgres) break;
    const own = need.function;
    if (own === undefined || (isWhole && !(await isOwnFunction(database, own)))) return tooNewFor(postgres, need);
  }
  const table = postgres < UNVALIDATED_KEYS.major ? addsUnvalidatedKey(statement) : undefined;
  return table !== undefined && (await isPartitioned(database, table))
    ? tooNewFor(postgres, UNVALIDATED_KEYS)
    : undefined;
}

const UNVALIDATED_KEYS: Need = { major: 18, what: "a foreign key of a partitioned table that is NOT VALID" };

function tooNewFor(postgres: number, { major, what }: Need): string {
  return `PostgreSQL ${major} is the first to know ${what}, and the database is PostgreSQL ${postgres}`;
}

/** The table that gets a foreign key which is not validated, as it stands in the statement. */
function addsUnvalidatedKey(statement: Statement): string | undefined {
  if (statement.firstWord !== "ALTER" || !/\breferences\b[^]*\bnot\s+valid\b/i.test(statement.text)) return undefined;
  const tokens = statement.tokens();
  return tokens[1] === "TABLE" ? namesAltered(tokens)[0] : undefined;
}
