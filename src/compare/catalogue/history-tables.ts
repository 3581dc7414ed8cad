import type { Facts } from "../engine/facts.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";
import { isHistoryName, isHistoryTable } from "#migrate/layouts/history-tables.ts";

/** Where another tool keeps its history, and what goes with it. */
export interface HistoryTable {
  readonly schema: string;
  readonly name: string;
  /** The table, its sequences, and its schema where that is there for nothing else. */
  readonly objects: readonly ObjectId[];
}

/** Other tools' histories among the objects, but for those that something else is built on. Pure. */
export function historyTables(facts: Facts): HistoryTable[] {
  return facts.facts().flatMap(({ id }) => {
    if (id.kind !== "table" || !isHistoryName(id.name)) return [];
    const parts = facts.childrenOf(id).map((child) => child.id);
    const columns = parts.flatMap((part) => (part.kind === "column" ? [part.name] : []));
    if (!isHistoryTable({ schema: id.schema, name: id.name, columns })) return [];
    const gone = new Map(withParts(facts, id).map((part) => [encodeId(part), part]));
    const sequences = sequencesOf(facts, id);
    for (const sequence of sequences) for (const part of withParts(facts, sequence)) gone.set(encodeId(part), part);
    const isUsed = [...gone.values()].some((part) =>
      facts.incomingEdges(part).some(({ from }) => !gone.has(encodeId(from))),
    );
    if (isUsed) return [];
    const own = loneSchema(facts, id.schema, gone);
    return [{ schema: id.schema, name: id.name, objects: [id, ...sequences, ...own] }];
  });
}

function withParts(facts: Facts, id: ObjectId): ObjectId[] {
  return [id, ...facts.childrenOf(id).flatMap((child) => withParts(facts, child.id))];
}

/** Those that a column owns, as `serial` makes them. */
function sequencesOf(facts: Facts, { schema, name }: { readonly schema: string; readonly name: string }): ObjectId[] {
  return facts.facts().flatMap(({ id, payload }) => {
    if (id.kind !== "sequence") return [];
    const owner = payload["ownedBy"] as { readonly schema: string; readonly table: string } | null | undefined;
    return owner?.schema === schema && owner.table === name ? [id] : [];
  });
}

function loneSchema(facts: Facts, name: string, gone: ReadonlyMap<string, ObjectId>): ObjectId[] {
  const id = { kind: "schema", name } as const;
  if (name === "public" || !facts.has(id)) return [];
  const others = facts.childrenOf(id).filter((child) => !("target" in child.id) && !gone.has(encodeId(child.id)));
  return others.length === 0 ? [id] : [];
}
