import type { Catalogue } from "./catalogue/catalogue.ts";
import { describe } from "./catalogue/describe.ts";
import { withoutGrants } from "./catalogue/extra-grants.ts";
import { mainOwner } from "./catalogue/terms.ts";
import { withoutObjects } from "./engine/lookups.ts";
import type { ObjectId } from "./engine/object-id.ts";

/** What is not copied, for people. */
export interface LeftOut {
  /** Roles that the target's server does not have: their grants, default privileges and policies. */
  readonly roles: readonly string[];
  readonly policies: readonly string[];
  readonly subscriptions: readonly string[];
  /** Foreign tables come without rows, and without the user mappings that lead to them. */
  readonly foreignTables: readonly string[];
  readonly userMappings: readonly string[];
  /** Roles that own something on the source: in the copy, everything belongs to the role that makes it. */
  readonly owners: readonly string[];
  /** What has options that may be secret, in place of which the copy has placeholders. */
  readonly placeholders: readonly string[];
}

/**
 * What a target can have of a source, and what it cannot. Pure.
 * @param roles those of the target's server
 */
export function copiable(catalogue: Catalogue, roles: ReadonlySet<string>): { live: Catalogue; left: LeftOut } {
  const { facts } = catalogue;
  const missing = new Set<string>();
  const isMissing = (role: string): boolean => {
    if (role === "" || role === "PUBLIC" || role === "public" || roles.has(role)) return false;
    missing.add(role);
    return true;
  };
  const named = (kind: ObjectId["kind"]): ObjectId[] =>
    facts.facts().flatMap(({ id }) => (id.kind === kind ? [id] : []));
  const policies = facts.facts().flatMap(({ id, payload }) => {
    const of = payload["roles"];
    return id.kind === "policy" && Array.isArray(of) && of.some((role) => isMissing(role as string)) ? [id] : [];
  });
  const rights = facts.facts().flatMap(({ id }): ObjectId[] => {
    if (id.kind === "acl") return isMissing(id.grantee) ? [id] : [];
    if (id.kind !== "defaultPrivilege") return [];
    const foreign = id.role !== mainOwner(catalogue) && isMissing(id.role);
    return isMissing(id.grantee) || foreign ? [id] : [];
  });
  const [subscriptions, userMappings] = [named("subscription"), named("userMapping")];
  const live = {
    ...catalogue,
    facts: withoutObjects(facts, [...policies, ...rights, ...subscriptions, ...userMappings]),
    extras: catalogue.extras.flatMap((extra) => withoutGrants(extra, isMissing) ?? []),
  };
  return {
    live,
    left: {
      roles: [...missing].toSorted(),
      policies: policies.map((id) => `${id.name} on ${id.schema}.${id.table}`),
      subscriptions: subscriptions.flatMap((id) => ("name" in id ? [id.name] : [])),
      foreignTables: named("foreignTable").flatMap((id) =>
        "schema" in id && "name" in id ? [`${id.schema}.${id.name}`] : [],
      ),
      userMappings: userMappings.flatMap((id) => (id.kind === "userMapping" ? [`${id.server} for ${id.role}`] : [])),
      owners: ownersOf(live),
      placeholders: withPlaceholders(live),
    },
  };
}

function ownersOf({ facts, extras }: Catalogue): string[] {
  const owners = facts.facts().flatMap(({ id }) =>
    facts.outgoingEdges(id).flatMap(({ kind, from, to }) =>
      // What PostgreSQL brings along belongs to whoever made the cluster.
      kind === "owner" && to.kind === "role" && !facts.isReferenceOnly(from) ? [to.name] : [],
    ),
  );
  return [...new Set([...owners, ...extras.flatMap(({ owner }) => owner ?? [])])].toSorted();
}

/** What is read in place of the value of an option that may be secret. */
const PLACEHOLDER = /__OPTION_[^"]*__/;

function withPlaceholders({ facts, extras }: Catalogue): string[] {
  const hasSecret = (payload: unknown): boolean => PLACEHOLDER.test(JSON.stringify(payload));
  return [
    ...facts.facts().flatMap(({ id, payload }) => (hasSecret(payload) ? [describe(id)] : [])),
    ...extras.flatMap(({ kind, path, payload }) => (hasSecret(payload) ? [{ kind, name: path.join(".") }] : [])),
  ].map(({ kind, name }) => `${kind} ${name}`);
}
