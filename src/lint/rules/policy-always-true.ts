import { inside } from "#sql/parser.ts";
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
    const isTrue = [policy.qual, policy.with_check].some((when) => when !== undefined && isEverything(when));
    return isForAll && isTrue
      ? [
          {
            message: `Everybody who may write to ${nameOf(policy.table)} may write every row of it`,
            fix: "Say which rows, or TO which role",
          },
        ]
      : [];
  },
};
