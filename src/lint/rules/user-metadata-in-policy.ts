import { inside } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

export const userMetadataInPolicy: Rule = {
  id: "user-metadata-in-policy",
  title: "A policy that trusts what users write about themselves",
  group: "security",
  severity: "error",
  schemaFiles: true,
  asks: ["syntax"],
  why: "`user_metadata` of a token can be changed by the user that it is about. A policy that reads a role or a tenant there lets everybody choose their own.",
  instead: "Read it where only the server writes: `app_metadata`, or a table of your own.",
  wrong: "CREATE POLICY admins ON notes USING ((auth.jwt() -> 'user_metadata' ->> 'role') = 'admin');",
  right: "CREATE POLICY admins ON notes USING (((SELECT auth.jwt()) -> 'app_metadata' ->> 'role') = 'admin');",
  check({ node, statement }) {
    const policy = inside(node, "CreatePolicyStmt") ?? inside(node, "AlterPolicyStmt");
    return policy !== undefined && /\b(?:raw_user_meta_data|user_metadata)\b/.test(statement.text)
      ? [
          {
            message: `Users can change what this policy of ${nameOf(policy.table)} asks for`,
            fix: "Use app_metadata, or a table of your own",
          },
        ]
      : [];
  },
};
