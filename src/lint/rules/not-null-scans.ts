import type { Found, Rule } from "../rule.ts";
import { writeIdentifier } from "#sql/quote.ts";
import { alterations } from "#sql/alterations.ts";
import { addedConstraints, listOf, nameOf } from "../syntax.ts";
import { inside, strings } from "#sql/parser.ts";
import { addedAnew, SEVERAL_CHANGES } from "../rewrite.ts";

/** PostgreSQL cuts longer names, and the constraint would not be called what it calls its own. */
const LONGEST_NAME = 64;

export const notNullScans: Rule = {
  id: "not-null-scans",
  title: "SET NOT NULL that reads every row under the strongest lock",
  group: "locks",
  severity: "error",
  asks: ["syntax", "neighbours", "trace"],
  aliases: {
    squawk: ["adding-not-nullable-field"],
    eugene: ["E2"],
    atlas: ["PG303", "MF104"],
    strongMigrations: ["change_column_null"],
  },
  why: "`SET NOT NULL` reads the whole table to see whether a NULL is in it, and holds an ACCESS EXCLUSIVE lock while it does: nobody can read or write the table.",
  instead:
    "From PostgreSQL 18 on, add `NOT NULL ... NOT VALID` and validate it in the next migration; `confiture lint --fix` makes this change where it knows that the database is that new. Before, add `CHECK (column IS NOT NULL) NOT VALID`, validate it in the next migration, and then `SET NOT NULL`: PostgreSQL sees that the CHECK proves it and reads nothing. The CHECK can be dropped afterwards, by a statement of its own: an `ALTER TABLE` that does both drops it first.",
  wrong: "ALTER TABLE users ALTER COLUMN email SET NOT NULL;",
  right: "ALTER TABLE users ADD CONSTRAINT users_email_not_null CHECK (email IS NOT NULL) NOT VALID;",
  check({ node, isOld, scans, world, postgres, isStandIn }) {
    const set = alterations(node, "AT_SetNotNull").flatMap(({ table, command }): Found[] => {
      const column = command.name ?? "";
      // Whatever the order in which they are written, PostgreSQL drops first.
      const isUndone = alterations(node, "AT_DropConstraint").some((drop) =>
        world
          .find(table)
          ?.constraints.get(drop.command.name ?? "")
          ?.provesNotNull.includes(column),
      );
      if (!isOld(table) || !(scans(table) ?? (isUndone || !world.isProvenNotNull(table, column)))) return [];
      const bare = `${table.relname ?? ""}_${column}_not_null`;
      const name = writeIdentifier(bare);
      const message = `SET NOT NULL reads every row of ${nameOf(table)}, while all reads and writes of it wait`;
      if (postgres !== undefined && postgres >= 18) {
        const here = `ALTER TABLE ${nameOf(table)} ADD CONSTRAINT ${name} NOT NULL ${writeIdentifier(column)} NOT VALID`;
        const up = `ALTER TABLE ${nameOf(table)} VALIDATE CONSTRAINT ${name}`;
        const isOne = inside(node, "AlterTableStmt")?.cmds?.length === 1;
        const isAlone = isOne && Buffer.byteLength(bare) < LONGEST_NAME;
        return [
          {
            message,
            fix: `${here};\n${up};  -- in the next migration`,
            ...(isAlone
              ? { rewrite: { here, later: { name: `validate_${bare}`, up, down: addedAnew(table, bare, here) } } }
              : { notRewritten: isOne ? "the name that the constraint would get is too long" : SEVERAL_CHANGES }),
          },
        ];
      }
      return [
        {
          message,
          fix: [
            `ALTER TABLE ${nameOf(table)} ADD CONSTRAINT ${name} CHECK (${writeIdentifier(column)} IS NOT NULL) NOT VALID;`,
            `ALTER TABLE ${nameOf(table)} VALIDATE CONSTRAINT ${name};  -- in the next migration`,
            // As one statement it would drop the CHECK first, whatever the order, and read the table after all.
            `ALTER TABLE ${nameOf(table)} ALTER COLUMN ${writeIdentifier(column)} SET NOT NULL;  -- in the one after that`,
            `ALTER TABLE ${nameOf(table)} DROP CONSTRAINT ${name};`,
          ].join("\n"),
          notRewritten:
            postgres === undefined
              ? `${isStandIn ? "the embedded database stands in for servers, whose version it does not tell" : "the version of PostgreSQL is not known"}: --stats FILE tells it (\`confiture migrate stats\` writes that); from 18 on, NOT NULL can be added NOT VALID`
              : `PostgreSQL ${postgres} has no NOT NULL that is NOT VALID; it takes three migrations by hand`,
        },
      ];
    });
    const added = addedConstraints(node, "CONSTR_NOTNULL").flatMap(({ table, constraint, column }): Found[] => {
      if (column !== undefined || constraint.skip_validation === true || !isOld(table) || scans(table) === false)
        return [];
      return [
        {
          message: `Adding NOT NULL reads every row of ${nameOf(table)}, while all reads and writes of it wait`,
          fix: `ALTER TABLE ${nameOf(table)} ADD CONSTRAINT ${writeIdentifier(constraint.conname ?? `${strings(constraint.keys).join("_")}_not_null`)} NOT NULL ${listOf(strings(constraint.keys))} NOT VALID;  -- and VALIDATE CONSTRAINT in the next migration`,
          at: constraint.location,
        },
      ];
    });
    return [...set, ...added];
  },
};
