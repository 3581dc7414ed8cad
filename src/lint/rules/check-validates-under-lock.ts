import type { Found, Rule } from "../rule.ts";
import { addedConstraints, nameOf } from "../syntax.ts";
import { splitFromColumn, splitRewrite, splitValidation, WITH_COLUMN } from "../rewrite.ts";

export const checkValidatesUnderLock: Rule = {
  id: "check-validates-under-lock",
  title: "ADD CHECK that reads every row under the strongest lock",
  group: "locks",
  severity: "error",
  asks: ["syntax", "neighbours", "trace"],
  aliases: {
    squawk: ["constraint-missing-not-valid"],
    eugene: ["E1"],
    atlas: ["PG305"],
    strongMigrations: ["add_check_constraint"],
  },
  why: "Adding a CHECK reads the whole table to see whether every row passes, and holds an ACCESS EXCLUSIVE lock while it does: nobody can read or write the table.",
  instead:
    "Add it `NOT VALID`, which reads nothing, and validate it in the next migration: `VALIDATE CONSTRAINT` reads the table under a lock that blocks neither reads nor writes. Both in one transaction would keep the first lock. `confiture lint --fix` makes this change.",
  wrong: "ALTER TABLE users ADD CONSTRAINT users_age_check CHECK (age >= 0);",
  right: "ALTER TABLE users ADD CONSTRAINT users_age_check CHECK (age >= 0) NOT VALID;",
  check({ node, isOld, scans, statement }) {
    return addedConstraints(node, "CONSTR_CHECK").flatMap(({ table, constraint, column }): Found[] => {
      if (constraint.skip_validation === true || constraint.is_enforced === false || !isOld(table)) return [];
      if (scans(table) === false) return [];
      return [
        {
          message: `Adding this CHECK reads every row of ${nameOf(table)}, while all reads and writes of it wait`,
          fix:
            column === undefined
              ? splitValidation(statement.text, node, constraint, table)
              : splitFromColumn(statement.text, constraint, table, column),
          ...(column === undefined
            ? splitRewrite(statement.text, node, constraint, table)
            : { notRewritten: WITH_COLUMN }),
          at: constraint.location,
        },
      ];
    });
  },
};
