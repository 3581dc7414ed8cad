import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const refreshBlocksReaders: Rule = {
  id: "refresh-blocks-readers",
  title: "REFRESH MATERIALIZED VIEW without CONCURRENTLY",
  group: "locks",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  why: "`REFRESH MATERIALIZED VIEW` takes an ACCESS EXCLUSIVE lock: nobody can read the view until its query has run.",
  instead:
    "Use `REFRESH MATERIALIZED VIEW CONCURRENTLY`. It needs a unique index on columns of the view, without a WHERE clause, and takes longer; readers are not blocked.",
  wrong: "REFRESH MATERIALIZED VIEW sales_by_day;",
  right: "REFRESH MATERIALIZED VIEW CONCURRENTLY sales_by_day;",
  check({ node, isOld, world }) {
    const refresh = inside(node, "RefreshMatViewStmt");
    if (refresh === undefined || refresh.concurrent === true || refresh.skipData === true) return [];
    if (!isOld(refresh.relation)) return [];
    const view = nameOf(refresh.relation);
    const known = world.find(refresh.relation);
    const hasUnique =
      known === undefined ||
      world.indexesOf(`${known.schema}.${known.name}`).some(({ index }) => index?.unique === true);
    return [
      {
        message: `REFRESH blocks everybody who reads ${view} until its query has run`,
        fix: hasUnique
          ? `REFRESH MATERIALIZED VIEW CONCURRENTLY ${view};  -- needs a unique index`
          : `Make a unique index on columns of ${view}, then REFRESH MATERIALIZED VIEW CONCURRENTLY ${view}`,
      },
    ];
  },
};
