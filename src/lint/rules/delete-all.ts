import { isEverything, statementsIn } from "../rows.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const deleteAll: Rule = {
  id: "delete-all",
  title: "DELETE of every row",
  group: "data",
  severity: "error",
  asks: ["syntax", "neighbours"],
  why: "Every row is deleted. When that is an oversight, it is the worst one there is. A `WHERE` that is true of every row counts as none: `WHERE true`, `WHERE 1 = 1`, `WHERE id = id`.",
  instead:
    "Add the WHERE clause. If all rows are meant to go, say so in the migration: `-- confiture:ignore delete-all rebuilt from the log below`.",
  wrong: "DELETE FROM sessions;",
  right: "DELETE FROM sessions WHERE expires_at < now();",
  check({ node, isOld }) {
    return statementsIn(node, "DeleteStmt").flatMap(({ relation, whereClause }) => {
      if (!isEverything(whereClause) || !isOld(relation)) return [];
      const how = whereClause === undefined ? "DELETE without WHERE" : "A WHERE that is always true";
      return [{ message: `${how} takes every row of ${nameOf(relation)}`, fix: "Add a WHERE clause" }];
    });
  },
};
