import type { Facts } from "../engine/facts.ts";
import { parentTable, textOf } from "../engine/lookups.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import type { PlannedStatement } from "./statement.ts";

interface Named {
  readonly schema: string;
  readonly name: string;
}

/** Whether foreign keys, its own among them, refer to a partitioned table or to one that it is a part of. Pure. */
export function isReferenced(table: Named, facts: Facts): boolean {
  return referencesTo(table, facts).length > 0;
}

/** Foreign keys, its own among them, that refer to a partitioned table or to one that it is a part of. Pure. */
export function referencesTo(table: Named, facts: Facts): (ObjectId & { readonly kind: "constraint" })[] {
  const id: ObjectId = { kind: "table", schema: table.schema, name: table.name };
  const own = facts
    .childrenOf(id)
    .filter(({ id: part }) => part.kind === "constraint" || part.kind === "index")
    .flatMap(({ id: key }) => facts.incomingEdges(key))
    .flatMap(({ from }) => (isReference(from, facts) ? [{ ...from, kind: from.kind }] : []));
  const parent = parentTable(facts, id);
  return parent === undefined ? own : [...own, ...referencesTo(parent, facts)];
}

/** A reference needs the key, or the index, that makes what it refers to unique. */
function isReference(id: ObjectId, facts: Facts): id is ObjectId & { readonly kind: "constraint" } {
  return id.kind === "constraint" && textOf(facts, id, "type") === "f";
}

/** Statements without those that make foreign keys, or need them, and these. Pure. */
export function withoutReferences(
  statements: readonly PlannedStatement[],
  references: readonly ObjectId[],
): [PlannedStatement[], PlannedStatement[]] {
  const keys = new Set(references.map(encodeId));
  const isLate = ({ makes: [made], needs }: PlannedStatement): boolean =>
    (made?.kind === "constraint" && keys.has(encodeId(made))) || needs.some((id) => keys.has(encodeId(id)));
  return [statements.filter((statement) => !isLate(statement)), statements.filter(isLate)];
}
