import { quoteQualified } from "#sql/quote.ts";
import { textOf } from "../engine/lookups.ts";
import { type Extra, kind, type Relation, type Side } from "./kind.ts";

/** Of an index that not all partitions have. */
interface PartitionedIndex {
  /** The indexes of partitions that are parts of it: how each is made, and its name. */
  readonly parts: readonly (Relation & { readonly create: string })[];
}

export const partitionedIndex = kind<PartitionedIndex>({
  query: {
    path: "array[r.nspname, r.relname]",
    relation: "r.oid",
    payload: `'parts', coalesce((
      select jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', c.relname, 'create',
               case when indisvalid then replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') else pg_get_indexdef(indexrelid) end)
             order by n.nspname, c.relname)
        from pg_inherits join pg_index on indexrelid = inhrelid
        join pg_class c on c.oid = inhrelid join pg_namespace n on n.oid = c.relnamespace where inhparent = r.oid), '[]')`,
    from: "from relation r join pg_index i on i.indexrelid = r.oid where r.relkind = 'I' and not indisvalid",
  },
  text: ({ parts }) => ["not on all partitions", ...parts.map(({ create }) => create)].join("; "),
  statements: {
    create: (extra, side, before) => {
      const { schema, name } = extra.relation!;
      const isThere = before.facts.has({ kind: "index", schema, name });
      return isThere ? madeAnew(extra, extra.payload, side) : attached(extra.relation!, extra.payload);
    },
    reset: (extra, side) => madeAnew(extra, undefined, side),
    change: (from, to, side) => {
      const [before, after] = [attached(from.relation!, from.payload), attached(to.relation!, to.payload)];
      if (before.every((sql) => after.includes(sql))) return after.filter((sql) => !before.includes(sql));
      return madeAnew(to, to.payload, side);
    },
  },
});

function attached({ schema, name }: Relation, { parts }: PartitionedIndex): string[] {
  return parts.flatMap((part) => [
    part.create,
    `ALTER INDEX ${quoteQualified(schema, name)} ATTACH PARTITION ${quoteQualified(part.schema, part.name)}`,
  ]);
}

/** No statements for the index of a constraint. */
function madeAnew({ relation }: Extra, to: PartitionedIndex | undefined, { facts }: Side): string[] {
  const { schema, name } = relation!;
  const definition = textOf(facts, { kind: "index", schema, name }, "def");
  if (definition === undefined) return [];
  const create = to === undefined ? definition.replace(" ON ONLY ", " ON ") : definition;
  return [`DROP INDEX ${quoteQualified(schema, name)}`, create, ...(to === undefined ? [] : attached(relation!, to))];
}
