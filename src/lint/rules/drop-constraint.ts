import type { LintStatement } from "../file.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { addedConstraints, nameOf } from "../syntax.ts";

export const dropConstraint: Rule = {
  id: "drop-constraint",
  title: "DROP CONSTRAINT of a table in use",
  group: "data",
  severity: "note",
  asks: ["syntax", "neighbours"],
  aliases: { atlas: ["CD101"] },
  why: "From then on rows may come in that the constraint refused, and it cannot be added again until they are cleaned up. A unique or primary key also takes its index, which queries may need.",
  instead: "Add what takes its place first.",
  wrong: "ALTER TABLE users DROP CONSTRAINT users_email_key;",
  right:
    "ALTER TABLE users ADD CONSTRAINT users_email_check CHECK (email LIKE '%@%') NOT VALID;\nALTER TABLE users DROP CONSTRAINT users_email_check;",
  check({ node, isOld, world, file, statement, facts }) {
    if (facts?.absent !== undefined) return [];
    return alterations(node, "AT_DropConstraint").flatMap(({ table, command }) => {
      const known = world.find(table)?.constraints.get(command.name ?? "");
      // A CHECK that only helped SET NOT NULL has done its work.
      const isSpent =
        known?.asksNotNullAlone === true &&
        known.provesNotNull.every((column) => world.column(table, column)?.notNull === true);
      const isNew = known !== undefined && world.isNewFile(known.made);
      const isReplaced = file.statements
        .slice(file.statements.indexOf(statement) + 1)
        .some((later) => addsAgain(later, command.name));
      const setsNotNull = alterations(node, "AT_SetNotNull").length > 0;
      if (!isOld(table) || isNew || isSpent || isReplaced || setsNotNull) return [];
      return [
        {
          message: `Rows that ${writeIdentifier(command.name ?? "")} refused can get into ${nameOf(table)} from now on`,
        },
      ];
    });
  },
};

/** Whether a statement adds a constraint of that name. */
function addsAgain({ node }: LintStatement, name: string | undefined): boolean {
  return node !== undefined && addedConstraints(node).some(({ constraint }) => constraint.conname === name);
}
