import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { commentsOn } from "./comments.ts";
import { inherited } from "./inherited.ts";

/** Of a trigger that a partition has from its table. */
export const triggerComment = commentsOn(
  {
    path: "array[r.nspname, r.relname, tgname]",
    relation: "r.oid",
    payload: "'text', description",
    from: `from relation r join pg_trigger t on tgrelid = r.oid and tgparentid <> 0
      join pg_description d on d.objoid = t.oid and d.classoid = 'pg_trigger'::regclass`,
  },
  ({ relation, path }) =>
    `TRIGGER ${quoteIdentifier(path[2] ?? "")} ON ${quoteQualified(relation!.schema, relation!.name)}`,
  { resetsFirst: true, names: (extra, side) => [inherited("trigger", extra, side)?.id ?? []].flat() },
);
