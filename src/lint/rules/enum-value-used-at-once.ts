import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
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
    if (statement.transaction.kind === "none" || inside(node, "AlterEnumStmt") !== undefined) return [];
    const added = earlier.flatMap(({ node: other }) => {
      const alter = inside(other, "AlterEnumStmt");
      const names = alter?.typeName?.flatMap((part) => inside(part, "String")?.sval ?? []) ?? [];
      const isNew = world.isNewType(names);
      return alter?.newVal !== undefined && alter.oldVal === undefined && !isNew ? [alter.newVal] : [];
    });
    if (added.length === 0) return [];
    const used = [...nodesIn(node)].flatMap(([kind, inner]) => {
      const value = kind === "A_Const" ? (inner as { sval?: { sval?: string } }).sval?.sval : undefined;
      return value !== undefined && added.includes(value)
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
