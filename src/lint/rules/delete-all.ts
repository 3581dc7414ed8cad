import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const deleteAll: Rule = {
  id: "delete-all",
  title: "DELETE without WHERE",
  group: "data",
  severity: "error",
  asks: ["syntax", "neighbours"],
  why: "Every row is deleted. When that is an oversight, it is the worst one there is.",
  instead: "Add the WHERE clause. Where all rows are meant to go, say so in a comment for lint.",
  wrong: "DELETE FROM sessions;",
  right: "DELETE FROM sessions WHERE expires_at < now();",
  check({ node, isOld }) {
    const remove = inside(node, "DeleteStmt");
    const isAll = remove !== undefined && remove.whereClause === undefined && remove.usingClause === undefined;
    return isAll && isOld(remove.relation)
      ? [{ message: `DELETE without WHERE takes every row of ${nameOf(remove.relation)}`, fix: "Add a WHERE clause" }]
      : [];
  },
};
