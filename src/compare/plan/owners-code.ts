import type { Facts } from "../engine/facts.ts";
import { textOf } from "../engine/lookups.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { SecurityHazard } from "#sql/effects/hazard.ts";
import { headOf } from "../catalogue/taken-away.ts";
import { policiesOn } from "./policies-on.ts";

/** Whether a function lets its callers do more than before, or decides otherwise for policies that call it. Pure. */
export function codeHazards(id: ObjectId, from: Facts, to: Facts): SecurityHazard[] {
  const [before, after] = [textOf(from, id, "def"), textOf(to, id, "def")];
  if (before === after) return [];
  const [old, now] = [headOf(before), headOf(after)];
  const isNewOwners = DEFINER.test(now) && !DEFINER.test(old) && (before !== undefined || isForEverybody(id, to));
  // PostgreSQL has looked up the names of a body that it keeps as such (BEGIN ATOMIC).
  const isText = /^AS /m.test(after ?? "");
  const isOpen = isText && DEFINER.test(now) && !PATH.test(now) && (isNewOwners || PATH.test(old));
  const reasons: SecurityHazard["reason"][] = [
    ...(isNewOwners ? ["definer" as const] : []),
    ...(isOpen ? ["definer-path" as const] : []),
    ...(LEAKPROOF.test(now) && !LEAKPROOF.test(old) ? ["leakproof" as const] : []),
  ];
  return [
    ...reasons.map((reason): SecurityHazard => ({ code: "SECURITY", reason })),
    ...(before === undefined ? [] : policiesOn(id, from, to)),
  ];
}

/** Whether a function runs with the rights of its owner. Pure. */
export function runsAsOwner(definition: string | undefined): boolean {
  return DEFINER.test(headOf(definition));
}

const DEFINER = /^ .*\bSECURITY DEFINER\b/m;
const LEAKPROOF = /^ (?:.* )?LEAKPROOF\b/m;
const PATH = /^ SET search_path TO /m;

/** Nobody calls one of a trigger. */
function isForEverybody(id: ObjectId, to: Facts): boolean {
  const rights = to.get({ kind: "acl", target: id, grantee: "PUBLIC" })?.payload["privileges"];
  const isOfTrigger = /^(?:event_)?trigger$/.test(textOf(to, id, "returnType") ?? "");
  return !isOfTrigger && Array.isArray(rights) && rights.includes("EXECUTE");
}
