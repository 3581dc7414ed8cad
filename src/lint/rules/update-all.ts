import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const updateAll: Rule = {
  id: "update-all",
  title: "UPDATE of every row in one statement",
  group: "data",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  aliases: { strongMigrations: ["backfill"] },
  why: "Every row is written anew and stays locked until the transaction ends: applications that change one of them wait, the table grows to twice its size, and replicas fall behind.",
  instead: "Fill rows in batches of some thousand, each in a transaction of its own.",
  wrong: "UPDATE users SET locale = 'en';",
  right: "UPDATE users SET locale = 'en' WHERE id BETWEEN 1 AND 5000;",
  check({ node, isOld }) {
    const update = inside(node, "UpdateStmt");
    const isAll = update !== undefined && update.whereClause === undefined && update.fromClause === undefined;
    return isAll && isOld(update.relation)
      ? [
          {
            message: `UPDATE without WHERE locks every row of ${nameOf(update.relation)} until the transaction ends`,
            fix: "Fill the rows in batches, each in a transaction of its own",
          },
        ]
      : [];
  },
};
