import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Fact, Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { textOf, withPayloads } from "../engine/lookups.ts";
import { argumentsOf } from "../kinds/aggregate-arguments.ts";
import { isVirtual } from "../kinds/generated-column.ts";
import { losesParts } from "../kinds/partitioned-index.ts";

/** What differs in a way that the planner does not know, and has to be made anew, is made to differ for it. Pure. */
export function apart(facts: Facts, from: Catalogue, to: Catalogue): Facts {
  const isGeneratedApart = ({ id, payload }: Fact): boolean => {
    if (id.kind !== "column" || typeof payload["generatedExpr"] !== "string") return false;
    const path = [id.schema, id.table, id.name] as const;
    if (isVirtual(from.extras, path) !== isVirtual(to.extras, path)) return true;
    return textOf(to.facts, id, "generatedExpr") === undefined && isComputedByOthers(id, facts);
  };
  const takesOtherwise = ({ id }: Fact): boolean =>
    id.kind === "aggregate" && argumentsOf(from.extras, id) !== argumentsOf(to.extras, id);
  const isOnOthers = ({ id }: Fact): boolean => id.kind === "constraint" && losesParts(id, from, to);
  const columns = withPayloads(facts, isGeneratedApart, { generatedExpr: "" });
  return withPayloads(withPayloads(columns, takesOtherwise, { sfunc: "" }), isOnOthers, { def: "" });
}

/**
 * Whether a generated column needs more than columns of its table. Without its expression it would still need that before PostgreSQL
 * 15, and go without a word when, say, a function is dropped.
 */
function isComputedByOthers(
  column: ObjectId & { readonly schema: string; readonly table: string },
  facts: Facts,
): boolean {
  return facts
    .outgoingEdges(column)
    .some(
      ({ to }) => to.kind !== "role" && !("table" in to && to.schema === column.schema && to.table === column.table),
    );
}
