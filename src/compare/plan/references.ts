import type { Facts } from "../engine/facts.ts";
import { parentTable } from "../engine/lookups.ts";
import type { ObjectId } from "../engine/object-id.ts";

/** Whether foreign keys, its own among them, refer to a partitioned table or to one that it is a part of. Pure. */
export function isReferenced(table: { readonly schema: string; readonly name: string }, facts: Facts): boolean {
  const id: ObjectId = { kind: "table", schema: table.schema, name: table.name };
  const isIt = facts
    .childrenOf(id)
    .filter(({ id: part }) => part.kind === "constraint" || part.kind === "index")
    .some(({ id: key }) => facts.incomingEdges(key).some(({ from }) => isReference(from, facts)));
  const parent = parentTable(facts, id);
  return isIt || (parent !== undefined && isReferenced(parent, facts));
}

/** A reference needs the key, or the index, that makes what it refers to unique. */
function isReference(id: ObjectId, facts: Facts): boolean {
  return id.kind === "constraint" && facts.get(id)?.payload["type"] === "f";
}
