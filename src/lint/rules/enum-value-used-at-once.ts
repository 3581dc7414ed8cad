import { inside, strings } from "#sql/parser.ts";
import type { Context, Rule } from "../rule.ts";
import type { World } from "../world/world.ts";
import { nodesIn } from "../syntax.ts";

export const enumValueUsedAtOnce: Rule = {
  id: "enum-value-used-at-once",
  title: "A new enum value used in the transaction that adds it",
  group: "transactions",
  severity: "error",
  asks: ["syntax", "neighbours", "trace"],
  aliases: { eugene: ["W13"] },
  why: "PostgreSQL refuses to use a value that `ALTER TYPE ... ADD VALUE` added in the same transaction: `unsafe use of new value`.",
  instead: "Add the value in one migration, and use it in the next.",
  wrong: "ALTER TYPE mood ADD VALUE 'fine';\nUPDATE people SET mood = 'fine' WHERE mood = 'ok';",
  right: "ALTER TYPE mood ADD VALUE 'fine';",
  check({ node, earlier, statement, world }) {
    if (statement.transaction.kind === "none" || world.addedValues.size === 0) return [];
    if (inside(node, "AlterEnumStmt") !== undefined) return [];
    const used = [...nodesIn(node)].flatMap(([kind, inner]) => {
      const value = kind === "A_Const" ? (inner as { sval?: { sval?: string } }).sval?.sval : undefined;
      return value !== undefined && world.addedValues.has(value) && isAddedBy(earlier, value, world)
        ? [{ value, at: (inner as { location?: number }).location }]
        : [];
    })[0];
    return used === undefined
      ? []
      : [
          {
            message: `'${used.value}' was added by this transaction, in which PostgreSQL refuses to use it`,
            fix: "Move this statement into the next migration",
            at: used.at,
          },
        ];
  },
};

/** Whether one of the statements adds a value to a type that was there before. */
function isAddedBy(statements: Context["earlier"], value: string, world: World): boolean {
  return statements.some(({ node }) => {
    const alter = inside(node, "AlterEnumStmt");
    return alter?.newVal === value && alter.oldVal === undefined && !world.isNewType(strings(alter.typeName));
  });
}
