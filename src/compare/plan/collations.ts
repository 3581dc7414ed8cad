import type { Fact, Facts } from "../engine/facts.ts";
import type { ObjectId } from "../engine/object-id.ts";
import { textOf, withPayloads } from "../engine/lookups.ts";

/**
 * The planner makes a column anew to give it another collation. PostgreSQL changes it together with the type, and keeps the
 * values (manual, ALTER TABLE, "SET DATA TYPE"). So that the planner writes that statement, the type is to differ too. Pure.
 */
export function collationsAsTypes(from: Facts, to: Facts): Facts {
  return withPayloads(
    from,
    ({ id }) => changesCollation(id, from, to),
    ({ id }) => ({
      collation: to.get(id)?.payload["collation"] ?? null,
      type: `${textOf(from, id, "type")} COLLATE ${textOf(from, id, "collation") ?? "default"}`,
    }),
  );
}

/**
 * The other side says what the planner leaves out of that statement then, as `scripts/patch-planner.ts` has it: a conversion of the
 * values, and the default taken away and set again around it. Pure.
 */
export function withCollationsAlone(from: Facts, to: Facts): Facts {
  const isAlone = ({ id }: Fact): boolean =>
    from.has(id) && changesCollation(id, from, to) && textOf(from, id, "type") === textOf(to, id, "type");
  return withPayloads(to, isAlone, ({ id }) => {
    const [before, after] = [from, to].map((facts) =>
      id.kind === "column" ? textOf(facts, { ...id, kind: "default" }, "expr") : undefined,
    );
    return { _onlyCollation: true, _keepsDefault: before === after };
  });
}

function changesCollation(id: ObjectId, from: Facts, to: Facts): boolean {
  if ((id.kind !== "column" && id.kind !== "typeAttribute") || !to.has(id)) return false;
  return textOf(from, id, "collation") !== textOf(to, id, "collation");
}
