import type { Rule } from "../rule.ts";
import { addedConstraints, alterations, nameOf } from "../syntax.ts";
import type { Node, RangeVar } from "#sql/parser.ts";

export const alterTableTwice: Rule = {
  id: "alter-table-twice",
  title: "Two ALTER TABLE that each read or rewrite the same table",
  group: "locks",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  aliases: { eugene: ["W12"] },
  why: "Each ALTER TABLE that checks or rewrites reads the table once. PostgreSQL does all actions of one statement in one pass.",
  instead: "Merge them into one ALTER TABLE with several actions.",
  wrong: "ALTER TABLE users ALTER COLUMN id TYPE bigint;\nALTER TABLE users ALTER COLUMN account_id TYPE bigint;",
  right: "ALTER TABLE users ALTER COLUMN id TYPE bigint, ALTER COLUMN account_id TYPE bigint;",
  check({ node, isOld, earlier, world }) {
    const table = reading(node);
    if (table === undefined || !isOld(table)) return [];
    const key = world.keyOf(table);
    const before = earlier.some(({ node: other }) => {
      const read = other === undefined ? undefined : reading(other);
      return read !== undefined && world.keyOf(read) === key;
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

/** The table that a statement reads from beginning to end, as far as its text tells. */
function reading(node: Node): RangeVar | undefined {
  const [typed] = alterations(node, "AT_AlterColumnType", "AT_SetNotNull");
  const checked = addedConstraints(node, "CONSTR_CHECK", "CONSTR_FOREIGN").find(
    ({ constraint, column }) => constraint.skip_validation !== true && column === undefined,
  );
  return typed?.table ?? checked?.table;
}
