import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";

export const concurrentlyInTransaction: Rule = {
  id: "concurrently-in-transaction",
  title: "A statement that cannot run in a transaction, in one",
  group: "transactions",
  severity: "error",
  asks: ["syntax", "neighbours"],
  aliases: {
    squawk: ["ban-concurrent-index-creation-in-transaction"],
    atlas: ["PG103"],
    strongMigrations: ["disable_ddl_transaction"],
  },
  why: "PostgreSQL refuses `CONCURRENTLY`, `VACUUM` and some others inside a transaction. Confiture runs a migration in one, unless it holds nothing but such statements or says `transaction:false`; a file that mixes both is refused before anything runs.",
  instead: "Move the statement to a migration of its own.",
  wrong: "ALTER TABLE users ADD COLUMN email text;\nCREATE INDEX CONCURRENTLY users_email_idx ON users (email);",
  right: "CREATE INDEX CONCURRENTLY users_email_idx ON users (email);",
  check({ node, statement, file }) {
    // The runner's own refusal has said it for the whole file.
    if (
      statement.transaction.kind !== "own" ||
      file.problems.some(({ rule }) => rule === "concurrently-in-transaction")
    )
      return [];
    const isConcurrent =
      inside(node, "IndexStmt")?.concurrent === true ||
      inside(node, "DropStmt")?.concurrent === true ||
      alterations(node, "AT_DetachPartition").some(
        ({ command }) => inside(command.def, "PartitionCmd")?.concurrent === true,
      );
    return isConcurrent || inside(node, "VacuumStmt")?.is_vacuumcmd === true
      ? [
          {
            message: "PostgreSQL refuses this inside the BEGIN ... COMMIT that the file has around it",
            fix: "Move it out of the BEGIN ... COMMIT",
          },
        ]
      : [];
  },
};
