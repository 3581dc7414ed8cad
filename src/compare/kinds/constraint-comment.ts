import { quoteIdentifier, quoteQualified } from "#sql/quote.ts";
import { parentTable } from "../engine/lookups.ts";
import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { commentsOn } from "./comments.ts";

/** Of a constraint that a partition or child has from its parent, and of that of a constraint trigger. */
export const constraintComment = commentsOn(
  {
    path: "array[r.nspname, r.relname, conname]",
    relation: "r.oid",
    payload: "'text', description",
    // A reference to a partitioned table has a row for each of its partitions, which is no constraint of its own.
    from: `from relation r join pg_constraint c on conrelid = r.oid
      join pg_description d on d.objoid = c.oid and d.classoid = 'pg_constraint'::regclass
      where (not conislocal and contype <> 'n' or contype = 't')
        and not exists (select from pg_constraint p where p.oid = c.conparentid and p.conrelid = c.conrelid)`,
  },
  ({ relation, path }) =>
    `CONSTRAINT ${quoteIdentifier(path[2] ?? "")} ON ${quoteQualified(relation!.schema, relation!.name)}`,
  {
    resetsFirst: true,
    names: ({ relation }, { facts }) => constraintsFrom({ kind: "table", ...relation! }, facts),
  },
);

/** Those that a table, partition or child has, also from its ancestors, whatever they are called there, and triggers. */
function constraintsFrom(table: ObjectId, facts: Facts): ObjectId[] {
  const own = facts
    .childrenOf(table)
    .flatMap(({ id }) => (id.kind === "constraint" || id.kind === "trigger" ? [id] : []));
  const parent = parentTable(facts, table);
  return parent === undefined ? own : [...own, ...constraintsFrom({ kind: "table", ...parent }, facts)];
}
