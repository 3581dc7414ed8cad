import { inside, strings } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOfParts } from "../syntax.ts";

export const domainWithConstraint: Rule = {
  id: "domain-with-constraint",
  title: "CREATE DOMAIN with a CHECK",
  group: "objects",
  severity: "note",
  on: false,
  schemaFiles: true,
  asks: ["syntax"],
  aliases: { squawk: ["ban-create-domain-with-constraint"] },
  why: "The constraint of a domain can only be changed for all its columns at once, which reads every table that has one.",
  instead: "A CHECK of the table can be changed table by table.",
  wrong: "CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');",
  right: "CREATE DOMAIN email AS text;",
  check({ node }) {
    const create = inside(node, "CreateDomainStmt");
    const isChecked = (create?.constraints ?? []).some(
      (constraint) => inside(constraint, "Constraint")?.contype === "CONSTR_CHECK",
    );
    return create !== undefined && isChecked
      ? [
          {
            message: `The CHECK of ${nameOfParts(strings(create.domainname))} can only be changed for all its columns at once`,
          },
        ]
      : [];
  },
};
