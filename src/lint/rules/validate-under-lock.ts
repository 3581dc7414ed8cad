import { blockedBy, isAtLeast, type LockMode } from "#compare/trace/facts.ts";
import { writeIdentifier } from "#sql/quote.ts";
import type { RangeVar } from "#sql/parser.ts";
import type { LintStatement } from "../file.ts";
import { addedAnew, type MaybeRewritten, SEVERAL_CHANGES } from "../rewrite.ts";
import type { Rule } from "../rule.ts";
import { alterations } from "#sql/alterations.ts";
import { addedConstraints, nameOf } from "../syntax.ts";
import { strongLocks } from "../locks.ts";

export const validateUnderLock: Rule = {
  id: "validate-under-lock",
  title: "VALIDATE CONSTRAINT in the transaction that already locked the table",
  group: "locks",
  severity: "error",
  asks: ["syntax", "neighbours", "trace"],
  aliases: { squawk: ["constraint-missing-not-valid"], eugene: ["E4"] },
  why: "`VALIDATE CONSTRAINT` by itself blocks neither reads nor writes. But a lock is held until its transaction ends: after `ADD CONSTRAINT ... NOT VALID` in the same migration the table stays locked while every row is read, and nothing is gained.",
  instead: "Put the `VALIDATE CONSTRAINT` into a migration of its own. `confiture lint --fix` makes this change.",
  wrong:
    "ALTER TABLE users ADD CONSTRAINT users_age_check CHECK (age >= 0) NOT VALID;\nALTER TABLE users VALIDATE CONSTRAINT users_age_check;",
  right: "ALTER TABLE users VALIDATE CONSTRAINT users_age_check;",
  check({ node, isOld, earlier, held, statement, world }) {
    if (statement.transaction.kind === "none" && alterations(node).length < 2) return [];
    return alterations(node, "AT_ValidateConstraint").flatMap(({ table, command }) => {
      if (!isOld(table)) return [];
      const key = world.keyOf(table);
      const own = alterations(node).length > 1 ? strongLocks(node) : [];
      const mode = [...held, ...own]
        .flatMap((lock) => (world.keyOf(lock.table) === key && isAtLeast(lock.mode, "SHARE") ? [lock.mode] : []))
        .reduce<LockMode | undefined>(
          (most, next) => (most !== undefined && isAtLeast(most, next) ? most : next),
          undefined,
        );
      if (mode === undefined) return [];
      return [
        {
          message: `${nameOf(table)} is read from beginning to end under the ${mode} lock that this transaction took before, so ${blockedBy(mode)} wait`,
          ...rewriteOf(statement, table, command.name ?? "", earlier),
          fix: `ALTER TABLE ${nameOf(table)} VALIDATE CONSTRAINT ${writeIdentifier(command.name ?? "")};  -- in a migration of its own`,
        },
      ];
    });
  },
};

/** Only where the statement that adds the constraint is there, from which the way back is made. */
function rewriteOf(
  statement: LintStatement,
  table: RangeVar,
  name: string,
  earlier: readonly LintStatement[],
): MaybeRewritten {
  if (statement.node === undefined || alterations(statement.node).length !== 1)
    return { notRewritten: SEVERAL_CHANGES };
  const adding = earlier.find(
    ({ node }) =>
      node !== undefined &&
      alterations(node).length === 1 &&
      addedConstraints(node).some(({ constraint, column }) => constraint.conname === name && column === undefined),
  );
  if (adding === undefined) {
    return { notRewritten: "this file does not add the constraint, so a way back cannot be written" };
  }
  const down = addedAnew(table, name, adding.text);
  return { rewrite: { here: undefined, later: { name: `validate_${name}`, up: statement.text, down } } };
}
