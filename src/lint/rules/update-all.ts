import { isEverything, statementsIn } from "../rows.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const updateAll: Rule = {
  id: "update-all",
  title: "UPDATE of every row in one statement",
  group: "data",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  aliases: { strongMigrations: ["backfill"] },
  why: "Every row is rewritten and stays locked until the transaction ends: applications that change one of them wait, the table grows to twice its size, and replicas fall behind. A `WHERE` that is true of every row counts as none: `WHERE true`, `WHERE 1 = 1`, `WHERE id = id`, `WHERE id IS NOT NULL`.",
  instead: "Fill rows in batches of some thousand, each in a transaction of its own.",
  wrong: "UPDATE users SET locale = 'en';",
  right: "UPDATE users SET locale = 'en' WHERE id BETWEEN 1 AND 5000;",
  check({ node, isOld }) {
    return statementsIn(node, "UpdateStmt").flatMap(({ relation, whereClause }) => {
      if (!isEverything(whereClause) || !isOld(relation)) return [];
      const how = whereClause === undefined ? "UPDATE without WHERE" : "UPDATE with a WHERE that is always true";
      return [
        {
          message: `${how} locks every row of ${nameOf(relation)} until the transaction ends`,
          fix: "Fill the rows in batches, each in a transaction of its own",
        },
      ];
    });
  },
};
