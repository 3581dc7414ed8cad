import type { Action } from "../engine/actions.ts";
import type { Facts } from "../engine/facts.ts";
import { textOf } from "../engine/lookups.ts";

/** An index of a partitioned table takes over what partitions have like it: those that are to stay their own come after it. Pure. */
export function partitionedIndexesFirst(actions: readonly Action[], to: Facts): Action[] {
  const sorted = ["index", "constraint"].map((kind) => {
    const [ofPartitions, others] = [true, false].map((wanted) =>
      actions.filter((action) => makesIndex(action, kind, to) && isOfPartition(action, to) === wanted),
    );
    return { kind, inOrder: [...others!, ...ofPartitions!] };
  });
  return actions.map((action) => {
    const own = sorted.find(({ kind }) => makesIndex(action, kind, to));
    return own?.inOrder.shift() ?? action;
  });
}

/** As an object of its own, or as a constraint that has one. */
function makesIndex({ verb, produces: [made] }: Action, kind: string, to: Facts): boolean {
  if (verb !== "create" || made === undefined || made.kind !== kind) return false;
  return kind === "index" || ["p", "u", "x"].includes(textOf(to, made, "type") ?? "");
}

function isOfPartition({ produces: [made] }: Action, to: Facts): boolean {
  const table = made === undefined ? undefined : to.get(made)?.parent;
  return table !== undefined && textOf(to, table, "partitionBound") !== undefined;
}
