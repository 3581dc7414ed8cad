import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { madeTable, nameOf } from "../syntax.ts";

export const primaryKeyMissing: Rule = {
  id: "primary-key-missing",
  title: "A new table without a primary key",
  group: "objects",
  severity: "warning",
  schemaFiles: true,
  asks: ["syntax", "neighbours"],
  why: "Without a primary key there is no sure way to name one row, and logical replication refuses UPDATE and DELETE.",
  instead: "Give it one.",
  wrong: "CREATE TABLE users (email text);",
  right: "CREATE TABLE users (email text PRIMARY KEY);",
  atEnd({ node, world }) {
    const made = madeTable(node);
    const table = world.find(made?.table);
    const isPlain = inside(node, "CreateStmt")?.inhRelations === undefined;
    if (
      made === undefined ||
      table === undefined ||
      table.temporary ||
      !table.complete ||
      !isPlain ||
      made.columns.length === 0
    )
      return [];
    const hasKey = [...table.constraints.values()].some(({ kind }) => kind === "CONSTR_PRIMARY");
    return hasKey ? [] : [{ message: `${nameOf(made.table)} has no primary key`, at: made.table.location }];
  },
};
