import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const truncate: Rule = {
  id: "truncate",
  title: "TRUNCATE of a table in use",
  group: "data",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  why: "All rows are gone, and the table is locked with ACCESS EXCLUSIVE until the transaction ends.",
  instead:
    "If the rows are really to go, say why in the migration: `-- confiture:ignore truncate a cache, filled anew at start`.",
  wrong: "TRUNCATE sessions;",
  right: "CREATE TEMP TABLE numbers (n int);\nTRUNCATE numbers;",
  check({ node, isOld }) {
    const tables = (inside(node, "TruncateStmt")?.relations ?? []).flatMap(
      (relation) => inside(relation, "RangeVar") ?? [],
    );
    return tables.filter(isOld).map((table) => ({ message: `All rows of ${nameOf(table)} are gone afterwards` }));
  },
};
