import { lockedName } from "../locks.ts";
import type { Rule } from "../rule.ts";
import { inside } from "#sql/parser.ts";
import { alterations } from "#sql/alterations.ts";
import { addedConstraints, nameOf } from "../syntax.ts";

export const workAfterLock: Rule = {
  id: "work-after-lock",
  title: "Long work in a transaction that has locked a table in use",
  group: "locks",
  severity: "error",
  asks: ["neighbours", "trace"],
  aliases: { eugene: ["E4", "E10"] },
  why: "A lock is held until its transaction ends. A statement that takes a moment by itself, `ADD COLUMN` or `DROP COLUMN`, blocks a table for as long as whatever comes after it in the same migration: an index on another table, a constraint that is checked.",
  instead: "Split the migration: what is quick and locks strongly in one, what takes long in another.",
  wrong:
    "ALTER TABLE users ADD COLUMN bio text;\nALTER TABLE orders ADD CONSTRAINT orders_total_check CHECK (total >= 0);",
  right: "ALTER TABLE users ADD COLUMN bio text;\nALTER TABLE orders ADD COLUMN note text;",
  check(context) {
    const { node, isOld, scans, rewrites, world, facts } = context;
    const index = inside(node, "IndexStmt");
    const checked = addedConstraints(node, "CONSTR_CHECK", "CONSTR_FOREIGN", "CONSTR_UNIQUE", "CONSTR_PRIMARY").filter(
      ({ constraint, column }) =>
        constraint.skip_validation !== true && constraint.indexname === undefined && column === undefined,
    );
    const candidates = [
      ...(index === undefined || index.concurrent === true || index.relation?.inh !== true ? [] : [index.relation]),
      ...checked.map(({ table }) => table),
      ...alterations(node, "AT_ValidateConstraint", "AT_SetNotNull", "AT_AlterColumnType").map(({ table }) => table),
    ];
    const worked = candidates.find(
      (table) =>
        isOld(table) &&
        (facts === undefined || scans(table) === true || rewrites(table) === true || facts.buildsIndexes.length > 0),
    );
    if (worked === undefined) return [];
    const isMild = index !== undefined || checked.some(({ constraint }) => constraint.contype === "CONSTR_FOREIGN");
    const lock = context.held.find(
      // What takes that lock of its own table itself has a rule of its own.
      ({ table, mode }) => mode === "ACCESS EXCLUSIVE" && (isMild || world.keyOf(table) !== world.keyOf(worked)),
    );
    if (lock === undefined) return [];
    return [
      {
        message: `This processes all of ${nameOf(worked)} while reads and writes of ${world.keyOf(lock.table) === world.keyOf(worked) ? "it" : lockedName(lock)} wait: an earlier statement of this transaction has locked it`,
        fix: "Move this statement into a migration of its own",
      },
    ];
  },
};
