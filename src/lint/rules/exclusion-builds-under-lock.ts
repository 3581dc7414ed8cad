import type { Rule } from "../rule.ts";
import { addedConstraints, nameOf } from "../syntax.ts";

export const exclusionBuildsUnderLock: Rule = {
  id: "exclusion-builds-under-lock",
  title: "ADD EXCLUDE that builds its index under the strongest lock",
  group: "locks",
  severity: "error",
  asks: ["syntax", "neighbours"],
  aliases: { eugene: ["E8"], strongMigrations: ["add_exclusion_constraint"] },
  why: "An exclusion constraint builds an index while it holds an ACCESS EXCLUSIVE lock: nobody can read or write the table. There is no form of it without that lock.",
  instead:
    "Do it while nobody needs the table, or make a new table with the constraint, fill it in batches, and rename.",
  wrong: "ALTER TABLE bookings ADD CONSTRAINT no_overlap EXCLUDE USING gist (room WITH =, during WITH &&);",
  right: "CREATE TABLE bookings (room int, during tstzrange, EXCLUDE USING gist (room WITH =, during WITH &&));",
  check({ node, isOld }) {
    return addedConstraints(node, "CONSTR_EXCLUSION").flatMap(({ table, constraint }) =>
      isOld(table)
        ? [
            {
              message: `ADD EXCLUDE builds an index on ${nameOf(table)}, while all reads and writes of it wait; there is no other form of it`,
              fix: "Run it while nobody needs the table, or fill a new table that has the constraint",
              at: constraint.location,
            },
          ]
        : [],
    );
  },
};
