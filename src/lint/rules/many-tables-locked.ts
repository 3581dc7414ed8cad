import type { Rule } from "../rule.ts";
import { lockedName, strongLocks } from "../locks.ts";

/** So many tables that are locked at once are reported. */
const MANY = 3;

export const manyTablesLocked: Rule = {
  id: "many-tables-locked",
  title: "One transaction that locks three or more tables in use",
  group: "locks",
  severity: "warning",
  asks: ["neighbours", "trace"],
  why: "Each lock is held until the last one has been taken. An application that uses the tables in another order than the migration deadlocks with it, and one long query on any of the tables blocks all of them.",
  instead: "Split the migration, one table in each.",
  wrong:
    "ALTER TABLE a ADD COLUMN note text;\nALTER TABLE b ADD COLUMN note text;\nALTER TABLE c ADD COLUMN note text;",
  right: "ALTER TABLE a ADD COLUMN note text;\nALTER TABLE b ADD COLUMN note text;",
  check(context) {
    const { node, isOld, world } = context;
    const before = new Map(
      context.held.filter(({ mode }) => mode === "ACCESS EXCLUSIVE").map(({ table }) => [world.keyOf(table), table]),
    );
    const added = strongLocks(node).filter(
      ({ table, mode }) => mode === "ACCESS EXCLUSIVE" && isOld(table) && !before.has(world.keyOf(table)),
    );
    const all = new Map([...before, ...added.map(({ table }) => [world.keyOf(table), table] as const)]);
    // Said once, where it becomes too many.
    if (before.size >= MANY || all.size < MANY) return [];
    return [
      {
        message: `From here on this transaction keeps ${[...all.values()].map((table) => lockedName({ table })).join(", ")} locked against reads and writes, all at once`,
        fix: "One table in each migration",
      },
    ];
  },
};
