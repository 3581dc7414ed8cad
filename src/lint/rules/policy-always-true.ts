import { inside, type Node } from "#sql/parser.ts";
import { isEverything } from "../rows.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const policyAlwaysTrue: Rule = {
  id: "policy-always-true",
  title: "A policy that lets everybody write every row",
  group: "security",
  severity: "warning",
  schemaFiles: true,
  asks: ["syntax"],
  why: "`USING (true)` or `WITH CHECK (true)` for anything but SELECT lets every role of the policy change, delete or insert any row. It looks like row level security and is not.",
  instead: "Say which rows, or for which role (`TO admin`).",
  wrong: "CREATE POLICY anybody ON notes FOR DELETE USING (true);",
  right: "CREATE POLICY readers ON notes FOR SELECT USING (true);",
  check({ node }) {
    const policy = inside(node, "CreatePolicyStmt");
    if (policy === undefined || policy.permissive !== true || policy.cmd_name === "select") return [];
    const isForAll = (policy.roles ?? []).some((role) => inside(role, "RoleSpec")?.roletype === "ROLESPEC_PUBLIC");
    if (!isForAll) return [];
    const isTrue = (when: Node | undefined): boolean => when !== undefined && isEverything(when);
    const table = nameOf(policy.table);
    const message = isTrue(policy.qual)
      ? `Everybody who may write to ${table} may change every row of it`
      : isTrue(policy.with_check)
        ? `Everybody who may write to ${table} may write any row into it: WITH CHECK is always true`
        : undefined;
    return message === undefined ? [] : [{ message, fix: "Say which rows, or TO which role" }];
  },
};
