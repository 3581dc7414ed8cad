import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { addedConstraints, isFreeConversion, nameOf, typeText } from "../syntax.ts";
import { inside, type Node, type RangeVar } from "#sql/parser.ts";
import type { World } from "../world/world.ts";

export const alterTableTwice: Rule = {
  id: "alter-table-twice",
  title: "Two ALTER TABLE that each read or rewrite the same table",
  group: "locks",
  severity: "warning",
  asks: ["syntax", "neighbours", "trace"],
  aliases: { eugene: ["W12"] },
  why: "Each ALTER TABLE that checks or rewrites reads the table once. PostgreSQL does all of these actions of one statement in one pass. A foreign key is checked by a query of its own, and an index is built by itself, however they are written.",
  instead: "Merge them into one ALTER TABLE with several actions.",
  wrong: "ALTER TABLE users ALTER COLUMN id TYPE bigint;\nALTER TABLE users ALTER COLUMN account_id TYPE bigint;",
  right: "ALTER TABLE users ALTER COLUMN id TYPE bigint, ALTER COLUMN account_id TYPE bigint;",
  check({ node, isOld, earlier, world, scans, factsOf }) {
    const table = reading(node);
    if (table === undefined || !isOld(table) || scans(table) === false || isFree(node, world)) return [];
    const key = world.keyOf(table);
    const before = earlier.some((statement) => {
      const read = statement.node === undefined ? undefined : reading(statement.node);
      if (read === undefined || world.keyOf(read) !== key) return false;
      const facts = factsOf(statement);
      return facts === undefined || facts.scans.length + facts.rewrites.length > 0;
    });
    if (!before) return [];
    return [
      {
        message: `${nameOf(table)} is read a second time in this transaction`,
        fix: `One ALTER TABLE ${nameOf(table)} with both actions, separated by a comma`,
      },
    ];
  },
};

/** Whether each of its actions needs no look at the rows, as far as is known. */
function isFree(node: Node, world: World): boolean {
  return alterations(node).every(({ table, command }) => {
    if (command.subtype === "AT_SetNotNull") return world.isProvenNotNull(table, command.name ?? "");
    const definition = inside(command.def, "ColumnDef");
    const from = world.column(table, command.name)?.type ?? "";
    return (
      command.subtype === "AT_AlterColumnType" &&
      definition?.raw_default === undefined &&
      isFreeConversion(from, typeText(definition?.typeName))
    );
  });
}

/** The table that a statement reads from beginning to end, as far as its text tells. */
function reading(node: Node): RangeVar | undefined {
  const [typed] = alterations(node, "AT_AlterColumnType", "AT_SetNotNull");
  const checked = addedConstraints(node, "CONSTR_CHECK").find(
    ({ constraint, column }) => constraint.skip_validation !== true && column === undefined,
  );
  return typed?.table ?? checked?.table;
}
