import { quoteQualified } from "#sql/quote.ts";
import { columnsOf, parentTable } from "../engine/lookups.ts";
import { alterRelation } from "./alter-relation.ts";
import { type Extra, kind, type Relation, type Side } from "./kind.ts";

interface FurtherParents {
  /** In their order. */
  readonly parents: readonly Relation[];
}

const NAME = "further parents";

/** The planner knows a table's first parent only. */
export const furtherParents = kind<FurtherParents>({
  query: {
    path: "array[r.nspname, r.relname]",
    relation: "r.oid",
    payload: "'parents', jsonb_agg(jsonb_build_object('schema', pn.nspname, 'name', p.relname) order by inhseqno)",
    from: `from relation r join pg_inherits i on i.inhrelid = r.oid
      join pg_class p on p.oid = inhparent join pg_namespace pn on pn.oid = p.relnamespace
      where inhseqno > (select min(inhseqno) from pg_inherits f where f.inhrelid = r.oid) group by r.oid, r.nspname, r.relname`,
  },
  text: ({ parents }) => parents.map(({ schema, name }) => `${schema}.${name}`).join(", "),
  statements: {
    // A new table may have them from the beginning.
    create: (extra, side, before) => {
      const isNew = !before.facts.has({ kind: "table", ...extra.relation! });
      return isNew && parentsFromTheBeginning(extra.relation!, side).length > 0 ? [] : inherit("INHERIT", extra, side);
    },
    reset: (extra, side) => inherit("NO INHERIT", extra, side),
    // The order counts.
    change: (from, to, side) => [...inherit("NO INHERIT", from, side), ...inherit("INHERIT", to, side)],
  },
});

function inherit(
  verb: "INHERIT" | "NO INHERIT",
  { relation, payload }: Extra<FurtherParents>,
  { facts }: Side,
): string[] {
  const alter = alterRelation(relation, facts);
  return payload.parents.map(({ schema, name }) => `${alter} ${verb} ${quoteQualified(schema, name)}`);
}

/** A table, by its name. */
export type Table = Relation & { readonly kind: "table" };

/** The tables that a table inherits from, in their order. Pure. */
export function parentsOf({ schema, name }: Relation, side: Side): readonly Table[] {
  const first = parentTable(side.facts, { kind: "table", schema, name });
  return first === undefined ? [] : [tableOf(first), ...furtherParentsOf({ schema, name }, side)];
}

function furtherParentsOf({ schema, name }: Relation, { extras }: Side): readonly Table[] {
  const further = extras.find(
    ({ kind: each, relation }) => each === NAME && relation?.schema === schema && relation.name === name,
  );
  return ((further?.payload as FurtherParents | undefined)?.parents ?? []).map(tableOf);
}

function tableOf({ schema, name }: Relation): Table {
  return { kind: "table", schema, name };
}

/**
 * The parents after the first that a table has from the beginning, because it has columns of theirs that it does not
 * declare. Otherwise they are added later, so that its columns stay in their order. Pure.
 */
export function parentsFromTheBeginning(table: Relation, side: Side): readonly Table[] {
  const parents = furtherParentsOf(table, side);
  const own = columnsOf(tableOf(table), side.facts);
  const isDeclared = parents.every((parent) =>
    columnsOf(parent, side.facts)
      .keys()
      .every((column) => own.has(column)),
  );
  return isDeclared ? [] : parents;
}
