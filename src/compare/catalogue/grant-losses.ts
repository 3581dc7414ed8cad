import type { PropertyChange } from "./changes.ts";

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
