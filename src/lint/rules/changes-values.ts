import { inside, type Node, strings } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { alterations, nameOf } from "../syntax.ts";

export const changesValues: Rule = {
  id: "changes-values",
  title: "A change of type or collation that gives rows other values or another order",
  group: "data",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  why: "An expression behind `USING` decides what becomes of every value, and the old ones are gone. Another collation keeps the values and changes what is equal and what comes first: unique indexes may find duplicates, and pages of a list show other rows.",
  instead: "Add a new column beside the old one, fill it, compare both, and drop the old one later.",
  wrong: "ALTER TABLE users ALTER COLUMN name TYPE text USING lower(name);",
  right: "ALTER TABLE users ALTER COLUMN age TYPE bigint USING age::bigint;",
  check({ node, isOld }) {
    return alterations(node, "AT_AlterColumnType").flatMap(({ table, command }): Found[] => {
      const definition = inside(command.def, "ColumnDef");
      if (!isOld(table)) return [];
      const column = `${nameOf(table)}.${writeIdentifier(command.name ?? "")}`;
      if (definition?.collClause !== undefined) {
        return [{ message: `The new collation changes which values of ${column} are equal, and their order` }];
      }
      return definition?.raw_default === undefined || isCastOfColumn(definition.raw_default)
        ? []
        : [{ message: `Every value of ${column} becomes what USING says, and the old one is gone` }];
    });
  },
};

/** Whether an expression says no more than the type: `a::text::mood`, or `a AT TIME ZONE 'UTC'`. */
function isCastOfColumn(expression: Node | undefined): boolean {
  const cast = inside(expression, "TypeCast");
  if (cast !== undefined) return isCastOfColumn(cast.arg);
  const call = inside(expression, "FuncCall");
  const [zone, moment] = call?.args ?? [];
  if (strings(call?.funcname).at(-1) === "timezone" && inside(zone, "A_Const") !== undefined)
    return isCastOfColumn(moment);
  return inside(expression, "ColumnRef") !== undefined;
}
