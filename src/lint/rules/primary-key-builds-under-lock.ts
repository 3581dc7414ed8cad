import { strings } from "#sql/parser.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Found, Rule } from "../rule.ts";
import { constraintName, indexOptions, ON_PARTITIONED } from "../rewrite.ts";
import { addedConstraints, listOf, nameOf } from "../syntax.ts";

export const primaryKeyBuildsUnderLock: Rule = {
  id: "primary-key-builds-under-lock",
  title: "ADD PRIMARY KEY that builds its index or reads every row under the strongest lock",
  group: "locks",
  severity: "error",
  asks: ["syntax", "neighbours", "trace"],
  aliases: { eugene: ["W14"], atlas: ["PG104", "PG304"] },
  why: "`ADD PRIMARY KEY` builds an index and makes its columns NOT NULL while it holds an ACCESS EXCLUSIVE lock. `USING INDEX` saves the building, but on columns that may be NULL the table is still read.",
  instead:
    "Make the columns NOT NULL first (see not-null-scans), build a unique index with `CREATE UNIQUE INDEX CONCURRENTLY`, and then `ADD PRIMARY KEY USING INDEX`, which takes a moment.",
  wrong: "ALTER TABLE users ADD PRIMARY KEY (id);",
  right: "ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX users_pkey;",
  check({ node, isOld, scans, world }) {
    return addedConstraints(node, "CONSTR_PRIMARY").flatMap(({ table, constraint, column }): Found[] => {
      if (!isOld(table)) return [];
      const name = writeIdentifier(constraintName(constraint, table, column));
      if (constraint.indexname !== undefined) {
        const keys = world.find({ ...table, relname: constraint.indexname })?.index?.columns ?? [];
        const nullable = keys.filter(
          (key) => world.column(table, key)?.notNull === false && !world.isProvenNotNull(table, key),
        );
        if (!(scans(table) ?? nullable.length > 0)) return [];
        return [
          {
            message: `The columns of this primary key may be NULL, so every row of ${nameOf(table)} is read, while all reads and writes of it wait`,
            fix: "Make the columns NOT NULL first (see not-null-scans)",
            at: constraint.location,
          },
        ];
      }
      const columns = column === undefined ? listOf(strings(constraint.keys)) : writeIdentifier(column);
      return [
        {
          message: `ADD PRIMARY KEY builds an index on ${nameOf(table)}, while all reads and writes of it wait`,
          fix:
            world.find(table)?.partitioned === true
              ? ON_PARTITIONED
              : [
                  `CREATE UNIQUE INDEX CONCURRENTLY ${name} ON ${nameOf(table)} (${columns})${indexOptions(constraint)};  -- alone in its migration`,
                  `ALTER TABLE ${nameOf(table)} ADD CONSTRAINT ${name} PRIMARY KEY USING INDEX ${name};  -- in the next one; the columns have to be NOT NULL`,
                ].join("\n"),
          at: constraint.location,
        },
      ];
    });
  },
};
