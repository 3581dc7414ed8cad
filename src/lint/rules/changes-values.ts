import { type ColumnDef, inside, type Node, type RangeVar, strings } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Context, Found, Rule } from "../rule.ts";
import { settingsSet } from "../settings-set.ts";
import { alterations } from "#sql/alterations.ts";
import { nameOf, typeText } from "../syntax.ts";

export const changesValues: Rule = {
  id: "changes-values",
  title: "A change of type, collation or expression that gives rows other values or another order",
  group: "data",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  why: "A `timestamp` does not say which moment it is; as a `timestamptz` it is the one in the time zone of the session. An expression behind `USING` decides what becomes of every value, and the old ones are gone; so does `SET EXPRESSION` of a generated column. Another collation keeps the values and changes what comes first, so that pages of a list show other rows. One that is not deterministic also changes what is equal: unique indexes may find duplicates.",
  instead: "Add a new column beside the old one, fill it, compare both, and drop the old one later.",
  wrong: "ALTER TABLE users ALTER COLUMN name TYPE text USING lower(name);",
  right: "ALTER TABLE users ALTER COLUMN age TYPE bigint USING age::bigint;",
  check(context) {
    const { node, isOld } = context;
    const computed = alterations(node, "AT_SetExpression").flatMap(({ table, command }): Found[] => {
      const column = `${nameOf(table)}.${writeIdentifier(command.name ?? "")}`;
      const message = `Every value of ${column} becomes what the new expression says`;
      return isOld(table) ? [{ message }] : [];
    });
    const converted = alterations(node, "AT_AlterColumnType").flatMap(({ table, command }): Found[] => {
      const definition = inside(command.def, "ColumnDef");
      if (!isOld(table)) return [];
      const column = `${nameOf(table)}.${writeIdentifier(command.name ?? "")}`;
      if (definition?.collClause !== undefined) {
        return [
          {
            message: `The new collation changes the order of the values of ${column}; it also changes which of them are equal where it or the old one is not deterministic`,
          },
        ];
      }
      if (isReadInZone(context, table, command.name, definition))
        return [
          {
            message: `Each value of ${column} becomes a moment by the time zone of the session that runs this, whichever that is`,
            fix: `USING ${writeIdentifier(command.name ?? "")} AT TIME ZONE 'UTC'  -- or the zone in which they were written`,
          },
        ];
      return definition?.raw_default === undefined || isCastOfColumn(definition.raw_default)
        ? []
        : [{ message: `Every value of ${column} becomes what USING says, and the old one is gone` }];
    });
    return [...computed, ...converted];
  },
};

/** A timestamp that becomes a timestamptz, where neither USING nor the file says in which time zone it was written. */
function isReadInZone(
  { file, statement, world }: Context,
  table: RangeVar,
  column: string | undefined,
  definition: ColumnDef | undefined,
): boolean {
  const isMoment = /^timestamp(?!tz)/.test(world.column(table, column)?.type ?? "");
  if (!isMoment || !typeText(definition?.typeName).startsWith("timestamptz")) return false;
  const using = inside(definition?.raw_default, "TypeCast")?.arg ?? definition?.raw_default;
  if (using !== undefined && inside(using, "ColumnRef") === undefined) return false;
  return !file.statements
    .slice(0, file.statements.indexOf(statement))
    .some(({ node }) => settingsSet(node).some(({ name }) => name?.toLowerCase() === "timezone"));
}

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
