import { inside, strings } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOf, nameOfParts } from "../syntax.ts";

export const replacesCode: Rule = {
  id: "replaces-code",
  title: "A view, function or policy in use that becomes another one",
  group: "data",
  severity: "note",
  asks: ["syntax", "neighbours"],
  why: "Whoever uses the view or calls the function gets the new one from the moment the migration commits, old releases of the application among them. Indexes, CHECKs and generated columns that call a function keep the results of the old one.",
  instead:
    "Keep columns, arguments and meaning of what is there, or give the new one another name and drop the old one later.",
  given: "CREATE VIEW active_users AS SELECT 1 AS id;",
  wrong: "CREATE OR REPLACE VIEW active_users AS SELECT 2 AS id;",
  right: "CREATE VIEW active_users_2 AS SELECT 2 AS id;",
  check({ node, isOld, world }) {
    const view = inside(node, "ViewStmt");
    const made = inside(node, "CreateFunctionStmt");
    const policy = inside(node, "AlterPolicyStmt");
    const name =
      view?.replace === true && world.find(view.view) !== undefined && isOld(view.view)
        ? nameOf(view.view)
        : made?.replace === true && world.isOldFunction(strings(made.funcname))
          ? nameOfParts(strings(made.funcname))
          : policy !== undefined && isOld(policy.table)
            ? `the policy ${policy.policy_name ?? ""} of ${nameOf(policy.table)}`
            : undefined;
    return name === undefined
      ? []
      : [{ message: `Whoever uses ${name} gets another result as soon as this commits, old releases included` }];
  },
};
