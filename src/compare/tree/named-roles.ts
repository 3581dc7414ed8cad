import type { Database } from "#database/database.ts";
import { queryCatalogue } from "#database/catalogue.ts";
import { writtenName } from "#sql/lexer/token-names.ts";
import { splitStatements } from "#sql/split.ts";
import type { SchemaFile } from "../build-export.ts";

/** Statements that name roles. */
const ABOUT_ROLES = /\b(?:GRANT|REVOKE|OWNER TO|AUTHORIZATION|CREATE POLICY|USER MAPPING|DEFAULT PRIVILEGES)\b/;

/** Roles of the server, but for those that every PostgreSQL has. */
export async function readRoles(database: Database): Promise<ReadonlySet<string>> {
  const rows = await queryCatalogue<{ name: string }>(
    database,
    "select rolname::text as name from pg_catalog.pg_roles where rolname !~ '^pg_'",
  );
  return new Set(rows.map(({ name }) => name));
}

/**
 * Roles that files name, and that have to be there where they are built, by name.
 * @param roles those of the server from which the files come
 */
export function namedRoles(files: readonly SchemaFile[], roles: ReadonlySet<string>): string[] {
  const named = new Set<string>();
  for (const { text } of files) {
    if (!ABOUT_ROLES.test(text)) continue;
    for (const statement of splitStatements(text, 0, text.length).statements) {
      if (!ABOUT_ROLES.test(statement.text) || !/^(?:GRANT|REVOKE|ALTER|CREATE)$/.test(statement.firstWord ?? ""))
        continue;
      for (const name of namesIn(statement.tokens())) if (roles.has(name)) named.add(name);
    }
  }
  return [...named].toSorted();
}

/** What stands where roles do: behind TO, FROM, FOR ROLE, MAPPING FOR and AUTHORIZATION, with commas between them. */
function namesIn(tokens: readonly string[]): string[] {
  const names: string[] = [];
  for (const [index, token] of tokens.entries()) {
    const begins =
      token === "TO" ||
      token === "FROM" ||
      token === "AUTHORIZATION" ||
      (token === "ROLE" && tokens[index - 1] === "FOR") ||
      (token === "FOR" && tokens[index - 1] === "MAPPING");
    if (!begins) continue;
    let at = index;
    do names.push(writtenName(tokens[at + 1] ?? ""));
    while (tokens[(at += 2)] === ",");
  }
  return names;
}
