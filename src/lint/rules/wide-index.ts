import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

/** More columns than this seldom help a query that fewer would not. */
const WIDE = 3;

export const wideIndex: Rule = {
  id: "wide-index",
  title: "An index of more than three columns",
  group: "objects",
  severity: "note",
  on: false,
  schemaFiles: true,
  asks: ["syntax"],
  why: "A wide index is large and slow to keep up to date, and a query that does not name its first columns cannot use it.",
  instead: "Index the columns that narrow a query most.",
  wrong: "CREATE INDEX CONCURRENTLY events_idx ON events (a, b, c, d);",
  right: "CREATE INDEX CONCURRENTLY events_idx ON events (a, b);",
  check({ node }) {
    const index = inside(node, "IndexStmt");
    const columns = index?.indexParams?.length ?? 0;
    return columns > WIDE && index?.unique !== true
      ? [{ message: `This index of ${nameOf(index?.relation)} has ${columns} columns` }]
      : [];
  },
};
