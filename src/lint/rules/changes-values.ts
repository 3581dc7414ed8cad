import { inside, type Node, type RangeVar, strings } from "#sql/parser.ts";
import { parseQualifiedName, writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { alterations, nameOf, nodesIn } from "../syntax.ts";

export const changesValues: Rule = {
  id: "changes-values",
  title: "A change of type or collation that gives rows other values or another order",
  group: "data",
  severity: "warning",
  asks: ["syntax", "neighbours", "trace"],
  why: "An expression behind `USING` decides what becomes of every value, and the old ones are gone. Another collation keeps the values and changes what is equal and what comes first: unique indexes may find duplicates, and pages of a list show other rows. Triggers that fire on an UPDATE of a migration change rows that it does not name.",
  instead: "Add a new column beside the old one, fill it, compare both, and drop the old one later.",
  wrong: "ALTER TABLE users ALTER COLUMN name TYPE text USING lower(name);",
  right: "ALTER TABLE users ALTER COLUMN age TYPE bigint USING age::bigint;",
  check({ node, isOld, facts, world }) {
    const converted = alterations(node, "AT_AlterColumnType").flatMap(({ table, command }): Found[] => {
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
    const target = inside(node, "UpdateStmt")?.relation ?? inside(node, "InsertStmt")?.relation;
    const named = [...nodesIn(node)].flatMap(([kind, inner]) => targetOf({ [kind]: inner } as unknown as Node) ?? []);
    const isNamed = (written: string): boolean => {
      const { schema, name } = parseQualifiedName(written) ?? { name: written };
      const parent = world.find({
        ...(schema === undefined ? {} : { schemaname: schema }),
        relname: name,
      })?.partitionOf;
      return named.some((range) => range.relname === name || (parent !== undefined && world.keyOf(range) === parent));
    };
    const others = (facts?.rows ?? []).filter(
      ({ name, isNew, updated, deleted }) => !isNew && updated + deleted > 0 && !isNamed(name),
    );
    return target === undefined || others.length === 0
      ? converted
      : [
          ...converted,
          {
            message: `Triggers or foreign keys change rows of ${others.map(({ name }) => name).join(", ")} as well, which this statement does not name`,
          },
        ];
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

/** The table whose rows a statement changes. */
function targetOf(node: Node): RangeVar | undefined {
  return (
    inside(node, "UpdateStmt")?.relation ??
    inside(node, "InsertStmt")?.relation ??
    inside(node, "DeleteStmt")?.relation ??
    inside(node, "MergeStmt")?.relation
  );
}
