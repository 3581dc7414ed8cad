import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Facts } from "../engine/facts.ts";
import { withPayloads } from "../engine/lookups.ts";
import { constraintOn, isOnlyUnchecked } from "../kinds/not-null-constraint.ts";

/**
 * What the planner is to know of `side` so that each NOT NULL is written once: those of domains are constraints with names
 * as well from PostgreSQL 17 on, and those among what it does not know are made beside its plan. Pure.
 * @param to the side that the plan leads to
 */
export function withNotNullOnce(facts: Facts, side: Catalogue, to: Catalogue): Facts {
  const own = { extras: side.extras.filter(({ kind }) => kind === "not null constraint") };
  return withPayloads(
    facts,
    ({ id }) => {
      if (id.kind === "domain") return facts.childrenOf(id).some(({ payload }) => payload["type"] === "n");
      if (id.kind !== "column") return false;
      const constraint = constraintOn(id, own);
      return constraint !== undefined && !isOnlyUnchecked(constraint, to);
    },
    { notNull: false },
  );
}
