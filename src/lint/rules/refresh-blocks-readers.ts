import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const refreshBlocksReaders: Rule = {
  id: "refresh-blocks-readers",
  title: "REFRESH MATERIALIZED VIEW without CONCURRENTLY, or WITH NO DATA",
  group: "locks",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  why: "`REFRESH MATERIALIZED VIEW` takes an ACCESS EXCLUSIVE lock: nobody can read the view until its query has run. `WITH NO DATA` empties the view, and reading it fails until it is refreshed again.",
  instead:
    "Use `REFRESH MATERIALIZED VIEW CONCURRENTLY`. It needs a unique index on columns of the view, without a WHERE clause, and takes longer; readers are not blocked.",
  wrong: "REFRESH MATERIALIZED VIEW sales_by_day;",
  right: "REFRESH MATERIALIZED VIEW CONCURRENTLY sales_by_day;",
  check({ node, file, statement, isOld, world }) {
    const refresh = inside(node, "RefreshMatViewStmt");
    if (refresh === undefined || refresh.concurrent === true || !isOld(refresh.relation)) return [];
    const view = nameOf(refresh.relation);
    if (refresh.skipData === true) {
      const isFilled = file.statements.slice(file.statements.indexOf(statement) + 1).some(({ node: later }) => {
        const again = inside(later, "RefreshMatViewStmt");
        return again?.skipData !== true && world.keyOf(again?.relation) === world.keyOf(refresh.relation);
      });
      const message = `${view} is empty afterwards, and reading it fails until it is refreshed again`;
      return isFilled ? [] : [{ message, fix: `REFRESH MATERIALIZED VIEW ${view};  -- behind it` }];
    }
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
