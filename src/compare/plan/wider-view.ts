import type { Facts } from "../engine/facts.ts";
import { textOf } from "../engine/lookups.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { SecurityHazard } from "#sql/effects/hazard.ts";
import { policiesOn } from "./policies-on.ts";

/** Whether a view shows more than before: by its options, or since it reads tables whose policies do not hold in it. Pure. */
export function viewHazards(id: ObjectId, from: Facts, to: Facts): SecurityHazard[] {
  const lost = OPTIONS.flatMap(([option, reason]) => (has(id, from, option) && !has(id, to, option) ? [reason] : []));
  const isOther = from.has(id) && textOf(from, id, "def") !== textOf(to, id, "def");
  const reasons = [
    ...lost.map((reason): SecurityHazard => ({ code: "SECURITY", reason })),
    ...(isOther ? policiesOn(id, from, to) : []),
  ];
  // One that did so with the rights of who reads it is among those.
  if (isInvoker(id, to) || isInvoker(id, from)) return reasons;
  const before = new Set(guardedTables(id, from));
  return [
    ...reasons,
    ...guardedTables(id, to)
      .filter((table) => !before.has(table))
      .map((through): SecurityHazard => ({ code: "SECURITY", reason: "view-past-policies", through })),
  ];
}

/** Whether it reads with the rights of who reads it. Pure. */
export function isInvoker(id: ObjectId, facts: Facts): boolean {
  return has(id, facts, INVOKER);
}

const INVOKER = /^security_invoker=(?:true|on|yes|1)$/i;

const OPTIONS: readonly (readonly [option: RegExp, reason: SecurityHazard["reason"]])[] = [
  [INVOKER, "view-invoker-off"],
  [/^security_barrier=(?:true|on|yes|1)$/i, "view-barrier-off"],
  [/^check_option=/i, "view-check-off"],
];

function has(id: ObjectId, facts: Facts, option: RegExp): boolean {
  const options = facts.get(id)?.payload["reloptions"];
  return Array.isArray(options) && options.some((one) => typeof one === "string" && option.test(one));
}

/** Tables with row security that it reads, qualified. */
function guardedTables(id: ObjectId, facts: Facts): string[] {
  if (!facts.has(id)) return [];
  const tables = facts.outgoingEdges(id).flatMap(({ to }): ObjectId[] => {
    if (to.kind === "column") return [{ kind: "table", schema: to.schema, name: to.table }];
    return to.kind === "table" ? [to] : [];
  });
  const guarded = tables.filter((table) => facts.get(table)?.payload["rowSecurity"] === true);
  return [
    ...new Set(guarded.map((table) => ("name" in table && "schema" in table ? `${table.schema}.${table.name}` : ""))),
  ];
}
