import { quoteQualified } from "#sql/quote.ts";
import { textOf } from "../engine/lookups.ts";
import { type Extra, kind, type KindStatement, type Relation, type Side } from "./kind.ts";

/** Of an index that not all partitions have. */
interface PartitionedIndex {
  /** The indexes of partitions that are parts of it: how each is made, and its name. */
  readonly parts: readonly (Relation & { readonly create: string; readonly key: "p" | "u" | "x" | null })[];
}

export const partitionedIndex = kind<PartitionedIndex>({
  query: {
    path: "array[r.nspname, r.relname]",
    relation: "r.oid",
    payload: `'parts', coalesce((
      select jsonb_agg(jsonb_build_object('schema', n.nspname, 'name', c.relname, 'create',
               case when con.oid is not null
                    then format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', n.nspname,
                           (select relname from pg_class where oid = conrelid), conname, pg_get_constraintdef(con.oid))
                    when indisvalid then replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') else pg_get_indexdef(indexrelid) end,
               'key', coalesce(con.contype::text, case when indisunique then 'u' end))
             order by n.nspname, c.relname)
        from pg_inherits join pg_index on indexrelid = inhrelid
        join pg_class c on c.oid = inhrelid join pg_namespace n on n.oid = c.relnamespace
        left join pg_constraint con on conindid = inhrelid and contype in ('p', 'u', 'x') where inhparent = r.oid), '[]')`,
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
      const index = to.relation!;
      if (hasAll(to.payload, from.payload)) {
        return attached(index, { parts: to.payload.parts.filter((part) => !has(from.payload, part)) });
      }
      return isOfConstraint(index, side) ? attached(index, to.payload) : madeAnew(to, to.payload, side);
    },
  },
});

/**
 * Whether the index of a constraint of a partitioned table has to be made anew: partitions that have it cannot leave it, and those that
 * have none get one with it. Pure.
 */
export function losesParts({ schema, name }: Relation, from: Side, to: Side): boolean {
  const [before, after] = [from, to].map(({ extras }) =>
    extras.find(({ kind: one, path }) => one === KIND && path[0] === schema && path[1] === name),
  );
  if (before === undefined || after === undefined) return before !== after;
  return !hasAll(after.payload as PartitionedIndex, before.payload as PartitionedIndex);
}

const KIND = "partitioned index";

function hasAll(after: PartitionedIndex, before: PartitionedIndex): boolean {
  return before.parts.every((part) => has(after, part));
}

function has({ parts }: PartitionedIndex, part: PartitionedIndex["parts"][number]): boolean {
  return parts.some((other) => Bun.deepEquals(part, other));
}

/** Whether an index is that of a constraint, which has its name. Pure. */
export function isOfConstraint({ schema, name }: Relation, { facts }: Side): boolean {
  return facts.facts().some(({ id, payload }) => {
    const isNamed = id.kind === "constraint" && id.schema === schema && id.name === name;
    return isNamed && Object.keys(REASONS).some((type) => payload["type"] === type);
  });
}

/** By pg_constraint.contype; unique indexes have that of a constraint. */
const REASONS = { p: "primary-key", u: "unique", x: "exclusion" } as const;

function attached({ schema, name }: Relation, { parts }: PartitionedIndex): KindStatement[] {
  return parts.flatMap((part) => [
    part.key === null ? part.create : { sql: part.create, rows: { code: "ROWS", reason: REASONS[part.key] } },
    `ALTER INDEX ${quoteQualified(schema, name)} ATTACH PARTITION ${quoteQualified(part.schema, part.name)}`,
  ]);
}

/** No statements for the index of a constraint, which is made anew with that. */
function madeAnew({ relation }: Extra, to: PartitionedIndex | undefined, { facts }: Side): KindStatement[] {
  const { schema, name } = relation!;
  const definition = textOf(facts, { kind: "index", schema, name }, "def");
  if (definition === undefined) return [];
  const create = to === undefined ? definition.replace(" ON ONLY ", " ON ") : definition;
  const made: KindStatement = create.startsWith("CREATE UNIQUE ")
    ? { sql: create, rows: { code: "ROWS", reason: REASONS.u } }
    : create;
  return [`DROP INDEX ${quoteQualified(schema, name)}`, made, ...(to === undefined ? [] : attached(relation!, to))];
}
