import type { Grant } from "../kinds/grants.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Change, PropertyChange } from "./changes.ts";
import { areGrants, grantsIn, usualGrants } from "./extra-grants.ts";

/**
 * Rights that are taken away from who keeps others, and WITH GRANT OPTION of those that stay. Pure.
 * @param properties all that changes of the same grants
 */
export function grantLosses(
  property: "privileges" | "grantable",
  from: readonly string[],
  to: readonly string[],
  properties: readonly PropertyChange[],
): string[] {
  const lost = from.filter((right) => !to.includes(right));
  if (property === "privileges") return lost.length === 0 ? [] : [`no longer include ${lost.join(", ")}`];
  const rights = properties.find((other) => other.property === "privileges")?.to;
  const kept = lost.filter((right) => !Array.isArray(rights) || rights.includes(right));
  return kept.length === 0 ? [] : [`no longer include the grant option of ${kept.join(", ")}`];
}

/** The same of grants that the planner does not know, with the role of each. Pure. */
export function extraGrantLosses(
  { kind, path }: Pick<Change, "kind" | "path">,
  from: Catalogue,
  to: Catalogue,
): string[] {
  if (!areGrants(kind)) return [];
  const grantsOf = ({ extras }: Catalogue): readonly Grant[] => {
    const extra = extras.find((one) => one.kind === kind && Bun.deepEquals(one.path, path));
    return (extra && grantsIn(extra)) ?? usualGrants(kind);
  };
  const after = grantsOf(to);
  return [...Map.groupBy(grantsOf(from), ({ grantee }) => grantee)].flatMap(([grantee, had]) => {
    const has = after.filter((grant) => grant.grantee === grantee);
    const privileges = { property: "privileges", from: rightsOf(had), to: rightsOf(has) };
    const optional = (grants: readonly Grant[]): string[] => rightsOf(grants.filter(({ withOption }) => withOption));
    return [
      ...grantLosses("privileges", privileges.from, privileges.to, []),
      ...grantLosses("grantable", optional(had), optional(has), [privileges]),
    ].map((fate) => `${fate} to ${grantee ?? "PUBLIC"}`);
  });
}

function rightsOf(grants: readonly Grant[]): string[] {
  return [...new Set(grants.map(({ privilege }) => privilege))];
}
