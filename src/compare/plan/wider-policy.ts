import type { Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import type { SecurityHazard } from "#sql/effects/hazard.ts";
import { isNarrower } from "#sql/narrower-condition.ts";

/**
 * Whether a policy that is made, changed or taken away lets through more than before. What a condition means is not judged: another one
 * may let through more, unless it is the old one with something added by AND. Pure.
 */
export function policyHazards(id: ObjectId, from: Facts, to: Facts): SecurityHazard[] {
  const reason = id.kind === "policy" ? reasonOf(id, from, to) : undefined;
  return reason === undefined || !("name" in id) ? [] : [{ code: "SECURITY", reason, policy: id.name }];
}

function reasonOf(id: PolicyId, from: Facts, to: Facts): SecurityHazard["reason"] | undefined {
  const [before, after] = [policyOf(id, from), policyOf(id, to)];
  if (before === undefined || after === undefined) {
    // Without row security before, everything was let through; without it afterwards, that is said.
    const table: ObjectId = { kind: "table", schema: id.schema, name: id.table };
    if (![from, to].every((facts) => facts.get(table)?.payload["rowSecurity"] === true)) return undefined;
    if (before?.permissive === false) return "policy-gone";
    return after?.permissive === true ? "policy-new" : undefined;
  }
  // A restriction lets nothing through by itself.
  if (before.permissive && !after.permissive) return undefined;
  if (!isNarrower(before.using, after.using)) return "policy-condition";
  if (!isNarrower(before.check, after.check)) return after.hasOwnCheck ? "policy-condition" : "policy-check-gone";
  return isWiderInScope(before, after) ? "policy-scope" : undefined;
}

type PolicyId = Extract<ObjectId, { table: string; name: string }>;

interface Policy {
  readonly permissive: boolean;
  readonly roles: readonly string[];
  /** As pg_policy.polcmd has it: `*` for all. */
  readonly command: unknown;
  /** For rows that are there, and for those that are written. */
  readonly using: string | undefined;
  readonly check: string | undefined;
  readonly hasOwnCheck: boolean;
}

function policyOf(id: ObjectId, facts: Facts): Policy | undefined {
  const payload = facts.get(id)?.payload;
  if (payload === undefined) return undefined;
  const { permissive, roles, cmd, usingExpr, checkExpr } = payload;
  const using = typeof usingExpr === "string" ? usingExpr : undefined;
  return {
    permissive: permissive === true,
    roles: Array.isArray(roles) ? roles.map(String) : [],
    command: cmd,
    using,
    // Without one, USING holds for what is written as well (manual, CREATE POLICY, "check_expression").
    check: typeof checkExpr === "string" ? checkExpr : using,
    hasOwnCheck: typeof checkExpr === "string",
  };
}

function isWiderInScope(before: Policy, after: Policy): boolean {
  if (before.permissive !== after.permissive) return true;
  // Who is let through by a permissive policy, or held back by a restrictive one.
  const [less, more] = after.permissive ? [before, after] : [after, before];
  const covers = less.command === "*" || less.command === more.command;
  return !covers || !(less.roles.includes("PUBLIC") || more.roles.every((role) => less.roles.includes(role)));
}
