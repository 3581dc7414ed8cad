import { quoteQualified } from "#sql/quote.ts";
import type { Facts } from "../engine/facts.ts";
import { parentTable, textOf, withPayloads } from "../engine/lookups.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { parentsOf, type Table } from "./further-parents.ts";
import type { Side } from "./kind.ts";

/** A table that is made on its own, and then inherits. */
export interface LateChild {
  readonly id: ObjectId;
  /** By which it inherits from the first of its parents. */
  readonly sql: string;
}

/**
 * New tables whose columns are in an order that CREATE TABLE ... INHERITS does not give: that begins with the parent's. One that
 * declares everything that it inherits can be made first, in its order, and inherit then. Pure.
 * @param before what is there until then
 */
export function lateChildren(side: Side, before: Facts): LateChild[] {
  return side.facts.facts().flatMap(({ id }): LateChild[] => {
    if (id.kind !== "table" || before.has(id) || !inheritsLate({ ...id, kind: "table" }, side)) return [];
    const { schema, name } = parentTable(side.facts, id)!;
    const sql = `ALTER TABLE ${quoteQualified(id.schema, id.name)} INHERIT ${quoteQualified(schema, name)}`;
    return [{ id, sql }];
  });
}

/** What the planner is to know, so that it makes such tables on their own. Pure. */
export function withoutLateParents(facts: Facts, children: readonly LateChild[]): Facts {
  const late = new Set(children.map(({ id }) => encodeId(id)));
  return late.size === 0 ? facts : withPayloads(facts, ({ id }) => late.has(encodeId(id)), { parentTable: null });
}

/** Whether a table inherits only when it is there, if it is made anew. Pure. */
export function inheritsLate(table: Table, side: Side): boolean {
  if (parentTable(side.facts, table) === undefined || textOf(side.facts, table, "partitionBound") !== undefined)
    return false;
  return columnsInOrder(table, side).inheritsLate;
}

/** A table's columns as they come to be in a new one. */
function columnsInOrder(
  table: Table,
  side: Side,
): { readonly order: readonly string[]; readonly inheritsLate: boolean } {
  const own = side.facts
    .childrenOf(table)
    .flatMap(({ id, payload }) => (id.kind === "column" ? [[id.name, Number(payload["_position"])] as const] : []))
    .toSorted(([, a], [, b]) => a - b)
    .map(([name]) => name);
  const parents = parentsOf(table, side);
  if (parents.length === 0) return { order: own, inheritsLate: false };
  const inherited = new Set(parents.flatMap((parent) => columnsInOrder(parent, side).order));
  const merged = [...inherited, ...own.filter((name) => !inherited.has(name))];
  const isOther = merged.length === own.length && merged.some((name, index) => name !== own[index]);
  return isOther && declaresChecks(table, table, side)
    ? { order: own, inheritsLate: true }
    : { order: merged, inheritsLate: false };
}

/** Whether a table declares the checks of all its ancestors itself, as a table has to that begins to inherit. */
function declaresChecks(table: Table, of: Table, side: Side): boolean {
  return parentsOf(of, side).every(
    (parent) =>
      side.facts
        .childrenOf(parent)
        .every(
          ({ id }) =>
            id.kind !== "constraint" ||
            textOf(side.facts, id, "type") !== "c" ||
            textOf(side.facts, id, "def")?.endsWith(" NO INHERIT") === true ||
            side.facts.has({ ...id, schema: table.schema, table: table.name }),
        ) && declaresChecks(table, parent, side),
  );
}
