import { blockedBy, isAtLeast, type Lock, type StatementFacts, tableLocks } from "#compare/trace/facts.ts";
import { lockedName } from "./locks.ts";
import type { Context } from "./rule.ts";

/** Something that takes as long as a table is large. */
export interface Work {
  readonly table: string;
  /** "rewrites public.users while reads and writes of it wait" */
  readonly sentence: string;
}

/** The work on whole tables in use that code was seen to do, while it locked them against others. Pure. */
export function workByCode({ locks, rewrites, rewritesIndexes, buildsIndexes, scans }: StatementFacts): Work[] {
  const work = new Map<string, string[]>();
  const add = (table: string | undefined, verb: string): void => {
    if (table !== undefined) work.set(table, [...(work.get(table) ?? []), verb]);
  };
  for (const { name } of rewrites) add(name, "rewrites");
  for (const { table } of buildsIndexes) add(table, "builds an index on");
  for (const { table, name } of rewritesIndexes) add(table, `rebuilds ${name} of`);
  // Whoever writes a table anew, or an index on it, reads it.
  for (const { name } of scans) if (!work.has(name)) add(name, "reads all rows of");
  return [...work].flatMap(([table, verbs]) => {
    const lock = tableLocks(locks).find((one) => one.name === table && isInTheWay(one));
    if (lock === undefined) return [];
    const what = [...new Set(verbs)].join(" and ");
    return [{ table, sentence: `${what} ${table} while ${blockedBy(lock.mode, lock.kind)} of it wait` }];
  });
}

/** The rows that code was seen to change while tables in use are locked against everybody, by itself or by what came before it. */
export function backfillByCode({ held, node }: Context, { locks, rows }: StatementFacts): Work[] {
  // Of others, the rule for their text tells it.
  if (!["DoStmt", "CallStmt", "SelectStmt"].some((kind) => kind in node)) return [];
  const own = locks.filter((lock) => isInTheWay(lock) && lock.mode === "ACCESS EXCLUSIVE" && lock.kind === "table");
  const before = held.filter(({ mode }) => mode === "ACCESS EXCLUSIVE");
  const locked = own[0]?.name ?? (before[0] && lockedName(before[0]));
  if (locked === undefined) return [];
  return rows.flatMap(({ name, isNew, updated, deleted }) =>
    isNew || updated + deleted === 0
      ? []
      : [{ table: name, sentence: `changes rows of ${name} while reads and writes of ${locked} wait` }],
  );
}

function isInTheWay({ isNew, mode }: Lock): boolean {
  return !isNew && isAtLeast(mode, "SHARE");
}
