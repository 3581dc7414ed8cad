import { quoteIdentifier } from "#sql/quote.ts";
import { alterColumn } from "./alter-relation.ts";
import { inherited } from "./inherited.ts";
import { type Extra, kind, type Side } from "./kind.ts";

/** Of a column that a partition or child has from a parent which does without it. */
export const inheritedNotNull = kind<object>({
  query: {
    path: "array[nspname, relname, attname]",
    relation: "relation",
    payload: "",
    from: `from remarkable r
      where not attislocal and attnotnull
        and not exists (select from pg_inherits join pg_attribute pa on pa.attrelid = inhparent and pa.attname = r.attname and pa.attnotnull
                         where inhrelid = r.relation)`,
  },
  text: () => "NOT NULL",
  statements: {
    create: (extra, side) =>
      isOfPrimaryKey(extra, side)
        ? []
        : [{ sql: `${alterColumn(extra, side)} SET NOT NULL`, rows: { code: "ROWS", reason: "null" } }],
    reset: (extra, side) =>
      inherited("column", extra, side)?.payload["notNull"] === true
        ? []
        : [`${alterColumn(extra, side)} DROP NOT NULL`],
  },
});

/** A primary key of its own takes care of it. */
function isOfPrimaryKey({ relation, path }: Extra, { facts }: Side): boolean {
  const column = path[2] ?? "";
  return facts.childrenOf({ kind: "table", ...relation! }).some(({ id, payload }) => {
    if (id.kind !== "constraint" || payload["type"] !== "p" || typeof payload["def"] !== "string") return false;
    const columns = /\((.*?)\)/.exec(payload["def"])?.[1]?.split(", ") ?? [];
    return columns.includes(column) || columns.includes(quoteIdentifier(column));
  });
}
