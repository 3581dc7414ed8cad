import { inside, strings } from "#sql/parser.ts";
import type { Rule } from "../rule.ts";
import { nameOfParts } from "../syntax.ts";

export const domainConstraintScans: Rule = {
  id: "domain-constraint-scans",
  title: "ALTER DOMAIN that reads every table with the domain",
  group: "locks",
  severity: "error",
  asks: ["syntax", "neighbours"],
  aliases: { squawk: ["ban-alter-domain-with-add-constraint"] },
  why: "A new constraint of a domain is checked in every row of every table that has a column of it. Writes to those tables wait until all of them are read.",
  instead:
    "Add the CHECK `NOT VALID`, and `ALTER DOMAIN ... VALIDATE CONSTRAINT` in the next migration. `SET NOT NULL` has no such form: give the columns NOT NULL instead.",
  wrong: "ALTER DOMAIN email ADD CONSTRAINT email_has_at CHECK (VALUE LIKE '%@%');",
  right: "ALTER DOMAIN email ADD CONSTRAINT email_has_at CHECK (VALUE LIKE '%@%') NOT VALID;",
  check({ node, world, statement }) {
    const alter = inside(node, "AlterDomainStmt");
    // The letters are PostgreSQL's own (AlterDomainStmt).
    const isSetNotNull = alter?.subtype === "O";
    const isAdd = alter?.subtype === "C";
    const constraint = inside(alter?.def, "Constraint");
    if (alter === undefined || !(isSetNotNull || isAdd) || (isAdd && constraint?.skip_validation === true)) return [];
    const parts = strings(alter.typeName);
    if (world.isNewType(parts)) return [];
    const name = nameOfParts(parts);
    return [
      {
        message: `This reads every table with a column of ${name}, while writes to them wait`,
        fix: isSetNotNull
          ? "Make the columns NOT NULL instead (see not-null-scans)"
          : `${statement.text.trimEnd()} NOT VALID;  -- and VALIDATE CONSTRAINT in the next migration`,
      },
    ];
  },
};
