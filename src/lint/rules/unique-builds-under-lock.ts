import { strings } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { constraintName, indexOptions, ON_PARTITIONED, UNIQUE_LATER } from "../rewrite.ts";
import { addedConstraints, listOf, nameOf } from "../syntax.ts";

export const uniqueBuildsUnderLock: Rule = {
  id: "unique-builds-under-lock",
  title: "ADD UNIQUE that builds its index under the strongest lock",
  group: "locks",
  severity: "error",
  asks: ["syntax", "neighbours"],
  aliases: {
    squawk: ["disallowed-unique-constraint"],
    eugene: ["E7"],
    atlas: ["PG105", "MF101", "MF102"],
    strongMigrations: ["add_unique_constraint"],
  },
  why: "A unique constraint needs an index. `ADD UNIQUE` builds it while it holds an ACCESS EXCLUSIVE lock: nobody can read or write the table. It also fails when there are duplicates.",
  instead:
    "Build a unique index with `CREATE UNIQUE INDEX CONCURRENTLY`, alone in its migration, and then make it a constraint with `ADD CONSTRAINT ... UNIQUE USING INDEX`, which takes a moment.",
  wrong: "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);",
  right: "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;",
  check({ node, isOld, world }) {
    return addedConstraints(node, "CONSTR_UNIQUE").flatMap(({ table, constraint, column }): Found[] => {
      if (constraint.indexname !== undefined || !isOld(table)) return [];
      const name = writeIdentifier(constraintName(constraint, table, column));
      const columns = column === undefined ? listOf(strings(constraint.keys)) : writeIdentifier(column);
      return [
        {
          message: `ADD UNIQUE builds an index on ${nameOf(table)}, while all reads and writes of it wait`,
          fix:
            world.find(table)?.partitioned === true
              ? ON_PARTITIONED
              : [
                  ...(column === undefined ? [] : ["Add the column without UNIQUE, then:"]),
                  `CREATE UNIQUE INDEX CONCURRENTLY ${name} ON ${nameOf(table)} (${columns})${indexOptions(constraint)};  -- alone in its migration`,
                  `ALTER TABLE ${nameOf(table)} ADD CONSTRAINT ${name} UNIQUE USING INDEX ${name};  -- in the next one`,
                ].join("\n"),
          notRewritten: UNIQUE_LATER,
          at: constraint.location,
        },
      ];
    });
  },
};
