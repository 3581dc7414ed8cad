import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

const WRITES = ["InsertStmt", "UpdateStmt", "DeleteStmt"] as const;

export const ruleSwallowsWrites: Rule = {
  id: "rule-swallows-writes",
  title: "A rule that does nothing, or only reads, instead of a write",
  group: "data",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  why: "From now on, `INSERT`, `UPDATE` or `DELETE` on the table succeeds and changes nothing: what applications write is gone, and nobody is told.",
  instead: "Take the right away (`REVOKE INSERT ON ...`), or raise an error in a trigger: then whoever writes is told.",
  wrong: "CREATE RULE no_updates AS ON UPDATE TO payments DO INSTEAD NOTHING;",
  right: "REVOKE UPDATE ON payments FROM app;",
  check({ node, isOld }) {
    const rule = inside(node, "RuleStmt");
    if (rule?.instead !== true || rule.event === "CMD_SELECT" || !isOld(rule.relation)) return [];
    const actions = rule.actions ?? [];
    if (actions.some((action) => WRITES.some((kind) => inside(action, kind) !== undefined))) return [];
    const verb = rule.event?.replace("CMD_", "") ?? "";
    const which = rule.whereClause === undefined ? "Every" : "Where its condition is true, every";
    return [
      {
        message: `${which} ${verb} of ${nameOf(rule.relation)} ${actions.length === 0 ? "does" : "writes"} nothing from now on, and nobody is told`,
        fix: `Take the right to ${verb} away (REVOKE), or raise an error in a trigger`,
      },
    ];
  },
};
