import { withoutObjects } from "../engine/lookups.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Change } from "./changes.ts";

/**
 * A catalogue whose subscriptions are told as not compared: they connect to another server, so no scratch database has any, and what is
 * built there lacks none. Pure.
 */
export function withoutSubscriptions(catalogue: Catalogue): Catalogue {
  const found = catalogue.facts.facts().flatMap(({ id }) => (id.kind === "subscription" ? [id] : []));
  if (found.length === 0) return catalogue;
  const told = { kind: "subscription", count: found.length, samples: found.map(({ name }) => name) };
  return {
    ...catalogue,
    facts: withoutObjects(catalogue.facts, found),
    notCompared: [...catalogue.notCompared, told],
  };
}

/** Whether a change is about a subscription, which nobody plans SQL for. Pure. */
export function isOfSubscription({ kind, name }: Pick<Change, "kind" | "name">): boolean {
  return kind === "subscription" || (kind === "comment" && name.startsWith("subscription "));
}
