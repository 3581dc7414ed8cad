import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { addedColumns, nameOf } from "../syntax.ts";

export const generatedRewrites: Rule = {
  id: "generated-rewrites",
  title: "ADD COLUMN GENERATED ... STORED, or another expression for such a column",
  group: "locks",
  severity: "error",
  severityElse: "warning where it is not known whether a column whose expression changes is VIRTUAL",
  asks: ["syntax", "neighbours", "trace"],
  aliases: { eugene: ["E11"], strongMigrations: ["add_column_generated_stored"] },
  why: "A stored generated column is computed for every row, so the whole table is rewritten under an ACCESS EXCLUSIVE lock. `SET EXPRESSION` computes all of its values anew.",
  instead:
    "From PostgreSQL 18 on, `GENERATED ALWAYS AS (...) VIRTUAL` is computed when it is read, and takes a moment to add. Otherwise add a plain column, fill it with a trigger and in batches.",
  wrong: "ALTER TABLE users ADD COLUMN email_lower text GENERATED ALWAYS AS (lower(email)) STORED;",
  right: "ALTER TABLE users ADD COLUMN email_lower text GENERATED ALWAYS AS (lower(email)) VIRTUAL;",
  check({ node, isOld, rewrites, statement }) {
    const changed = alterations(node, "AT_SetExpression").flatMap(({ table, command }): Found[] => {
      const measured = rewrites(table);
      if (!isOld(table) || measured === false) return [];
      const column = `${nameOf(table)}.${writeIdentifier(command.name ?? "")}`;
      return [
        {
          message: `${column} is computed anew for every row, ${measured === true ? "" : "and unless it is VIRTUAL "}the table is rewritten while all reads and writes of it wait`,
          severity: measured === true ? undefined : "warning",
          fix: "Add another column with the new expression, and move applications over",
        },
      ];
    });
    const added = addedColumns(node).flatMap(({ table, column, constraints }): Found[] => {
      const generated = constraints.find(({ contype }) => contype === "CONSTR_GENERATED");
      if (generated?.generated_kind !== "s" || !isOld(table) || rewrites(table) === false) return [];
      const name = writeIdentifier(column.colname ?? "");
      return [
        {
          message: `${name} is computed for every row of ${nameOf(table)}, which is rewritten while all reads and writes of it wait`,
          fix: `${statement.text.replaceAll(/\)\s*STORED\b/gi, ") VIRTUAL")};  -- PostgreSQL 18`,
          at: column.location,
        },
      ];
    });
    return [...changed, ...added];
  },
};
