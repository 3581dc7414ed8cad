import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Fact, Facts } from "../engine/facts.ts";
import { withPayloads } from "../engine/lookups.ts";
import { argumentsOf } from "../kinds/aggregate-arguments.ts";
import { isVirtual } from "../kinds/generated-column.ts";
import { losesParts } from "../kinds/partitioned-index.ts";

/** What differs in a way that the planner does not know, and has to be made anew, is made to differ for it. Pure. */
export function apart(facts: Facts, from: Catalogue, to: Catalogue): Facts {
  const isVirtualApart = ({ id, payload }: Fact): boolean => {
    if (id.kind !== "column" || typeof payload["generatedExpr"] !== "string") return false;
    const path = [id.schema, id.table, id.name] as const;
    return isVirtual(from.extras, path) !== isVirtual(to.extras, path);
  };
  const takesOtherwise = ({ id }: Fact): boolean =>
    id.kind === "aggregate" && argumentsOf(from.extras, id) !== argumentsOf(to.extras, id);
  const isOnOthers = ({ id }: Fact): boolean => id.kind === "constraint" && losesParts(id, from, to);
  const columns = withPayloads(facts, isVirtualApart, { generatedExpr: "" });
  return withPayloads(withPayloads(columns, takesOtherwise, { sfunc: "" }), isOnOthers, { def: "" });
}
