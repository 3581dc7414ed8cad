import type { SecurityHazard } from "#sql/effects/hazard.ts";
import { namesRelation } from "#sql/names-in.ts";
import { quoteIdentifier } from "#sql/quote.ts";
import type { Facts } from "../engine/facts.ts";
import { textOf } from "../engine/lookups.ts";
import { encodeId, type ObjectId } from "../engine/object-id.ts";

/**
 * Policies that go by what a function or a view gives, before and after it changes: they use it themselves, or through other
 * functions and views. Of a body that PostgreSQL keeps as a text, its words tell what it uses. Pure.
 */
export function policiesOn(id: ObjectId, from: Facts, to: Facts): SecurityHazard[] {
  const before = new Set(policiesReaching(id, from).map(({ policy }) => encodeId(policy)));
  return policiesReaching(id, to).flatMap(({ policy, isDirect }): SecurityHazard[] => {
    if (policy.kind !== "policy" || !before.has(encodeId(policy))) return [];
    const relation = `${policy.schema}.${policy.table}`;
    const isFunction = id.kind === "function" || id.kind === "procedure";
    const reason = isDirect && isFunction ? "policy-function" : "policy-through";
    return [{ code: "SECURITY", reason, policy: policy.name, relation }];
  });
}

interface Reaching {
  readonly policy: ObjectId;
  readonly isDirect: boolean;
}

function policiesReaching(id: ObjectId, facts: Facts): Reaching[] {
  const users = facts.facts().flatMap((fact) => (USERS.has(fact.id.kind) ? [fact.id] : []));
  if (!facts.has(id) || users.every(({ kind }) => kind !== "policy")) return [];
  const reached = new Map([[encodeId(id), id]]);
  // A map goes on to what is added while it is gone through.
  for (const one of reached.values()) {
    if (one.kind === "policy") continue;
    const uses = useOf(one, facts);
    for (const user of users) if (uses(user)) reached.set(encodeId(user), user);
  }
  const uses = useOf(id, facts);
  return [...reached.values()].flatMap((policy) =>
    policy.kind === "policy" ? [{ policy, isDirect: uses(policy) }] : [],
  );
}

const USERS: ReadonlySet<string> = new Set(["policy", "view", "materializedView", "function", "procedure"]);

/** Tells whether another object uses this one. */
function useOf(id: ObjectId, facts: Facts): (user: ObjectId) => boolean {
  const key = encodeId(id);
  const name = "name" in id ? quoteIdentifier(id.name) : "";
  return (user) =>
    encodeId(user) !== key &&
    (facts.outgoingEdges(user).some(({ to }) => encodeId(to) === key || isColumnOf(to, id)) ||
      ((user.kind === "function" || user.kind === "procedure") && namesRelation(bodyOf(user, facts), name)));
}

function isColumnOf(id: ObjectId, view: ObjectId): boolean {
  if (id.kind !== "column" || (view.kind !== "view" && view.kind !== "materializedView")) return false;
  return id.schema === view.schema && id.table === view.name;
}

/** Empty where PostgreSQL has looked up the names of a body (BEGIN ATOMIC): edges lead to these. */
function bodyOf(id: ObjectId, facts: Facts): string {
  const definition = textOf(facts, id, "def") ?? "";
  const body = /^AS (\$\w*\$)(.*)\1\s*$/ms.exec(definition);
  return body?.[2] ?? "";
}
