import { needsOf } from "#sql/needs-major.ts";
import { Statement } from "#sql/statement.ts";
import type { Found, Rule } from "../rule.ts";
import { addedConstraints, nameOf } from "../syntax.ts";

export const needsNewerPostgres: Rule = {
  id: "needs-newer-postgres",
  title: "A statement that the target PostgreSQL is too old for",
  group: "transactions",
  severity: "error",
  asks: ["syntax", "neighbours", "sizes"],
  why: "The scratch database is PostgreSQL 18 and takes what older servers refuse. The version of the database is known where the environment's database can be asked, or `--stats` names a file of it.",
  instead:
    "Write it in a form that the version knows. `--scratch URL` tries everything on a server of that version, which also finds what no text shows: a function whose parameters have other types in the older version, a column of a system view, SQL that code puts together.",
  wrong: "ALTER TABLE users ADD CONSTRAINT users_email_not_null NOT NULL email NOT VALID;",
  right: "ALTER TABLE users ADD CONSTRAINT users_email_not_null CHECK (email IS NOT NULL) NOT VALID;",
  check({ node, statement: { text }, postgres, world }) {
    if (postgres === undefined) return [];
    const isOwn = (name: string): boolean => world.isNewFunction([name]) || world.isOldFunction([name]);
    const [need] = needsOf(Statement.of(text)).filter(
      (one) => one.major > postgres && (one.function === undefined || !isOwn(one.function)),
    );
    if (need !== undefined) {
      return [
        {
          message: `PostgreSQL ${postgres} does not know ${need.what}; PostgreSQL ${need.major} is the first that does`,
        },
      ];
    }
    if (postgres >= 18) return [];
    return addedConstraints(node, "CONSTR_FOREIGN").flatMap(({ table, constraint }): Found[] =>
      constraint.skip_validation === true && world.find(table)?.partitioned === true
        ? [
            {
              message: `${nameOf(table)} is partitioned: PostgreSQL ${postgres} refuses a foreign key of it that is NOT VALID`,
              fix: "Add the foreign key to each partition, NOT VALID, validate those, and then to the table",
              at: constraint.location,
            },
          ]
        : [],
    );
  },
};
