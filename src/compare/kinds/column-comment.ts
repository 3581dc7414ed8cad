import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { commentsOn } from "./comments.ts";

/** Of a view, a composite type, or an inherited column. */
export const columnComment = commentsOn(
  {
    path: "array[r.nspname, r.relname, attname]",
    relation: "r.oid",
    payload: "'text', description",
    from: `from relation r join pg_attribute a on a.attrelid = r.oid and attnum > 0 and not attisdropped
      join pg_description d on d.objoid = r.oid and d.classoid = 'pg_class'::regclass and d.objsubid = attnum
      where r.relkind in ('v', 'm', 'c') or not attislocal`,
  },
  ({ relation, path }) =>
    `COLUMN ${quoteQualified(relation!.schema, relation!.name)}.${quoteIdentifier(path[2] ?? "")}`,
);
