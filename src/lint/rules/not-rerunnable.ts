import { inside, strings } from "#sql/parser.ts";
import type { LintStatement } from "../file.ts";
import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { indexOn } from "../syntax.ts";

export const notRerunnable: Rule = {
  id: "not-rerunnable",
  title: "A step outside a transaction that cannot be repeated",
  group: "transactions",
  severity: "note",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["prefer-robust-stmts"] },
  why: "Outside a transaction an interrupted migration stops at a statement. `CREATE INDEX CONCURRENTLY` then leaves an invalid index, so the same statement fails when the migration goes on; `DROP INDEX CONCURRENTLY` may be done already. A single statement in a file of its own does not need this: `confiture migrate resolve` says which it was.",
  instead:
    "Put `DROP INDEX CONCURRENTLY IF EXISTS` before `CREATE INDEX CONCURRENTLY`. `IF NOT EXISTS` is no help: it passes over the invalid index (see invalid-index-hidden).",
  wrong:
    "-- migrate:up transaction:false\nCREATE INDEX CONCURRENTLY a_idx ON t (a);\nCREATE INDEX CONCURRENTLY b_idx ON t (b);",
  right:
    "-- migrate:up transaction:false\nDROP INDEX CONCURRENTLY IF EXISTS a_idx;\nCREATE INDEX CONCURRENTLY a_idx ON t (a);",
  check({ node, file, statement }) {
    if (statement.transaction.kind !== "none" || file.statements.length < 2) return [];
    const index = inside(node, "IndexStmt");
    const drop = inside(node, "DropStmt");
    if (index?.concurrent === true) {
      const name = index.idxname;
      const before = file.statements.slice(0, file.statements.indexOf(statement));
      if (name === undefined || before.some((other) => dropsIfThere(other, name))) return [];
      return [
        {
          message: "When this is interrupted, it leaves an invalid index of that name, and fails when it is run again",
          fix: `DROP INDEX CONCURRENTLY IF EXISTS ${indexOn(index.relation, name)};  -- first`,
        },
      ];
    }
    const isDrop = drop?.concurrent === true && drop.missing_ok !== true;
    const isDetach = alterations(node, "AT_DetachPartition").some(
      ({ command }) => inside(command.def, "PartitionCmd")?.concurrent === true,
    );
    if (!isDrop && !isDetach) return [];
    return [
      {
        message: "When the migration is interrupted here, this may be done already, and fails when it is run again",
        fix: isDrop ? "Write IF EXISTS behind CONCURRENTLY" : "Give it a file of its own",
      },
    ];
  },
};

function dropsIfThere({ node }: LintStatement, name: string): boolean {
  const drop = inside(node, "DropStmt");
  return (
    drop?.missing_ok === true &&
    (drop.objects ?? []).some((object) => strings(inside(object, "List")?.items).at(-1) === name)
  );
}
