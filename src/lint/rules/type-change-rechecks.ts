import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf } from "../syntax.ts";

export const typeChangeRechecks: Rule = {
  id: "type-change-rechecks",
  title: "ALTER COLUMN TYPE that rewrites nothing, but reads every row",
  group: "locks",
  severity: "warning",
  asks: ["trace"],
  aliases: { eugene: ["E5"], strongMigrations: ["change_column"] },
  why: "A change of a type that rewrites nothing may still check every CHECK, foreign key or domain of the column again, which reads the whole table under an ACCESS EXCLUSIVE lock. It only shows when the statement runs, so this rule needs a trace.",
  instead: "Drop the constraint first, and add it again `NOT VALID` afterwards; validate it in the next migration.",
  wrong: "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);\n-- where users has CHECK (length(name) > 2)",
  right: "ALTER TABLE users ALTER COLUMN name TYPE varchar(40);\n-- where no constraint speaks of the column",
  check({ node, isOld, scans, rewrites, facts }) {
    // An index that is built again reads the table as well, which type-change-rewrites tells.
    if ((facts?.rewritesIndexes.length ?? 0) > 0) return [];
    return alterations(node, "AT_AlterColumnType").flatMap(({ table, command }): Found[] =>
      isOld(table) && scans(table) === true && rewrites(table) === false
        ? [
            {
              message: `The new type of ${writeIdentifier(command.name ?? "")} checks constraints again: every row of ${nameOf(table)} is read, while all reads and writes of it wait`,
              fix: "Drop the constraint first, and add it again NOT VALID afterwards",
            },
          ]
        : [],
    );
  },
};
