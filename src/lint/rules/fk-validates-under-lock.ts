import type { Found, Rule } from "../rule.ts";
import { addedConstraints, madeTable, nameOf } from "../syntax.ts";
import { splitRewrite, splitValidation, WITH_COLUMN } from "../rewrite.ts";

export const fkValidatesUnderLock: Rule = {
  id: "fk-validates-under-lock",
  title: "ADD FOREIGN KEY that checks every row while writes wait",
  group: "locks",
  severity: "error",
  severityElse: "note of a foreign key of a new table",
  asks: ["syntax", "neighbours", "trace"],
  aliases: {
    squawk: ["adding-foreign-key-constraint"],
    eugene: ["E1"],
    atlas: ["PG306"],
    strongMigrations: ["add_foreign_key"],
  },
  why: "Adding a foreign key looks up every row of the table, and holds a SHARE ROW EXCLUSIVE lock on both tables while it does: writes to either of them wait. A foreign key of a new table has nothing to check, but it locks the table that it points to all the same, until the transaction ends; that is a note.",
  instead:
    "Add it `NOT VALID`, and validate it in the next migration: `VALIDATE CONSTRAINT` reads the tables while applications go on writing. New rows are checked from the first step on. `confiture lint --fix` makes this change.",
  wrong: "ALTER TABLE orders ADD CONSTRAINT orders_user_fkey FOREIGN KEY (user_id) REFERENCES users (id);",
  right: "ALTER TABLE orders ADD CONSTRAINT orders_user_fkey FOREIGN KEY (user_id) REFERENCES users (id) NOT VALID;",
  check({ node, isOld, scans, statement, postgres, world }) {
    const found = addedConstraints(node, "CONSTR_FOREIGN").flatMap(({ table, constraint, column }): Found[] => {
      if (constraint.skip_validation === true || constraint.is_enforced === false || !isOld(table)) return [];
      // A new column without a default is NULL in every row, and PostgreSQL knows.
      if (!(scans(table) ?? column === undefined)) return [];
      // PostgreSQL before 18 refuses NOT VALID there.
      const isRefused = world.find(table)?.partitioned === true && (postgres ?? 0) < 18;
      return [
        {
          message: `Adding this foreign key checks every row of ${nameOf(table)}, while writes to ${nameOf(constraint.pktable) === nameOf(table) ? "it" : `it and to ${nameOf(constraint.pktable)}`} wait`,
          fix: isRefused
            ? "Add the foreign key to each partition NOT VALID, validate those, and then add it to the table: before PostgreSQL 18, NOT VALID is refused for a partitioned table"
            : column === undefined
              ? splitValidation(statement.text, node, constraint, table)
              : undefined,
          ...(isRefused
            ? { notRewritten: "before PostgreSQL 18, NOT VALID is refused for a foreign key of a partitioned table" }
            : column === undefined
              ? splitRewrite(statement.text, node, constraint, table)
              : { notRewritten: WITH_COLUMN }),
          at: constraint.location,
        },
      ];
    });
    const made = madeTable(node);
    const locked = (made?.constraints ?? []).filter(
      ({ contype, pktable }) =>
        contype === "CONSTR_FOREIGN" && isOld(pktable) && nameOf(pktable) !== nameOf(made?.table),
    );
    return [
      ...found,
      ...locked.map(({ pktable, location }): Found => ({
        severity: "note",
        message: `The foreign key of the new table blocks writes to ${nameOf(pktable)} until the transaction ends; nothing is checked`,
        at: location,
      })),
    ];
  },
};
