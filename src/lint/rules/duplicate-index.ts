import { inside } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";

export const duplicateIndex: Rule = {
  id: "duplicate-index",
  title: "An index on columns that have one already",
  group: "objects",
  severity: "warning",
  schemaFiles: true,
  asks: ["neighbours"],
  why: "Two indexes on the same columns are kept up to date by every write, and queries use one of them.",
  instead: "Leave it out. To replace an index, create the new one and drop the old one in the migration after.",
  given: "CREATE TABLE users (email text PRIMARY KEY);",
  wrong: "CREATE INDEX CONCURRENTLY users_email_idx ON users (email);",
  right: "CREATE INDEX CONCURRENTLY users_email_lower_idx ON users (lower(email));",
  check({ node, world }) {
    const index = inside(node, "IndexStmt");
    const table = world.find(index?.relation);
    if (index === undefined || table === undefined) return [];
    const columns = (index.indexParams ?? []).map((param) => {
      const { name, ordering, nulls_ordering: nulls, opclass } = inside(param, "IndexElem") ?? {};
      const isPlain = ordering === "SORTBY_DEFAULT" && nulls === "SORTBY_NULLS_DEFAULT" && opclass === undefined;
      return isPlain ? (name ?? "") : "";
    });
    const isPlain =
      (index.accessMethod ?? "btree") === "btree" &&
      index.whereClause === undefined &&
      index.indexIncludingParams === undefined &&
      !columns.includes("");
    if (!isPlain) return [];
    const there = world.indexesOf(`${table.schema}.${table.name}`);
    // Then nothing is made.
    if (index.if_not_exists === true && there.some(({ name }) => name === index.idxname)) return [];
    const same = there.find(
      // One of the same name is gone by then, taken by a CASCADE.
      ({ name, index: other }) =>
        name !== index.idxname &&
        other?.plain === true &&
        other.columns.join() === columns.join() &&
        (other.unique || index.unique !== true),
    );
    return same === undefined
      ? []
      : [{ message: `${writeIdentifier(same.name)} is an index on the same columns already` }];
  },
};
