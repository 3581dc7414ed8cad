import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";
import { indexOn } from "../syntax.ts";

export const invalidIndexHidden: Rule = {
  id: "invalid-index-hidden",
  title: "CREATE INDEX CONCURRENTLY IF NOT EXISTS",
  group: "transactions",
  severity: "warning",
  asks: ["syntax"],
  aliases: { squawk: ["prefer-robust-stmts"] },
  why: "A `CREATE INDEX CONCURRENTLY` that fails leaves an invalid index behind: no query uses it, every write keeps it up to date. `IF NOT EXISTS` then finds an index of that name, and the migration counts as done.",
  instead: "Drop the index if it is there, then create it. Both run outside a transaction.",
  wrong: "CREATE INDEX CONCURRENTLY IF NOT EXISTS users_email_idx ON users (email);",
  right:
    "DROP INDEX CONCURRENTLY IF EXISTS users_email_idx;\nCREATE INDEX CONCURRENTLY users_email_idx ON users (email);",
  check({ node, file, statement }) {
    const index = inside(node, "IndexStmt");
    if (index?.concurrent !== true || index.if_not_exists !== true) return [];
    const name = index.idxname ?? "";
    const isDropped = file.statements
      .slice(0, file.statements.indexOf(statement))
      .some(({ text, words }) => words[0] === "DROP" && text.includes(name));
    if (isDropped) return [];
    return [
      {
        message: `IF NOT EXISTS passes over an invalid ${writeIdentifier(name)} that an earlier attempt left behind`,
        fix: `DROP INDEX CONCURRENTLY IF EXISTS ${indexOn(index.relation, name)};  -- before it, and without IF NOT EXISTS here`,
      },
    ];
  },
};
