import { type RangeVar, inside } from "#sql/parser.ts";
import { lockedName } from "../locks.ts";
import type { Rule } from "../rule.ts";
import { isNarrow } from "../rows.ts";

export const backfillWithDdl: Rule = {
  id: "backfill-with-ddl",
  title: "Rows changed in the transaction that altered a table in use",
  group: "locks",
  severity: "error",
  asks: ["neighbours", "syntax"],
  aliases: { eugene: ["E4"], strongMigrations: ["backfill"] },
  why: "`ALTER TABLE` locks the table until its transaction ends. An UPDATE of many rows after it keeps everybody out of the table for as long as it takes.",
  instead: "Alter the table in one migration, and change its rows in the next; many rows in batches.",
  wrong: "ALTER TABLE users ADD COLUMN active boolean;\nUPDATE users SET active = true WHERE deleted_at IS NULL;",
  right: "UPDATE users SET active = true WHERE deleted_at IS NULL;",
  check(context) {
    const { node, isOld } = context;
    const changed: RangeVar | undefined =
      inside(node, "UpdateStmt")?.relation ??
      inside(node, "DeleteStmt")?.relation ??
      inside(node, "MergeStmt")?.relation;
    const copied = insertsRows(node);
    const where = inside(node, "UpdateStmt")?.whereClause ?? inside(node, "DeleteStmt")?.whereClause;
    const isLong = copied !== undefined || (changed !== undefined && isOld(changed) && !isNarrow(where));
    if (!isLong) return [];
    const lock = context.held.find(({ mode }) => mode === "ACCESS EXCLUSIVE");
    if (lock === undefined) return [];
    return [
      {
        message: `Reads and writes of ${lockedName(lock)} wait until these rows are changed: an earlier statement of this transaction has locked it`,
        fix: "Move this statement into the next migration",
      },
    ];
  },
};

/** The target of an INSERT that copies rows out of a table. */
function insertsRows(node: Parameters<typeof inside>[0]): RangeVar | undefined {
  const insert = inside(node, "InsertStmt");
  const select = inside(insert?.selectStmt, "SelectStmt");
  return (select?.fromClause ?? []).some((item) => "RangeVar" in item || "JoinExpr" in item)
    ? insert?.relation
    : undefined;
}
