import { isAtLeast } from "#compare/trace/facts.ts";
import { inside, type Node } from "#sql/parser.ts";
import type { LintStatement } from "../file.ts";
import { locksTaken, strongLocks } from "../locks.ts";
import type { Context, Found, Rule } from "../rule.ts";
import { nameOf } from "../syntax.ts";

/** Milliseconds; whoever waits longer than that for a lock blocks everybody behind it as long. */
const LONG = 60_000;

export const noLockTimeout: Rule = {
  id: "no-lock-timeout",
  title: "lock_timeout switched off, made long, set after the lock, or not at all in a script of psql",
  group: "locks",
  severity: "warning",
  asks: ["syntax", "neighbours"],
  aliases: {
    squawk: ["require-lock-timeout", "require-statement-timeout", "require-timeout-settings"],
    eugene: ["E9"],
  },
  why: "Confiture sets a `lock_timeout` for every migration (5 seconds, unless the environment says otherwise). A statement that waits for a lock makes every later query on the table wait behind it, so a migration that switches the timeout off can stop an application without doing anything. A file that is no migration of the project, and bears no `-- migrate:up`, is judged as `psql -f` runs it: without a `lock_timeout` until it sets one.",
  instead: "Leave `lock_timeout` to the environment file, or set a short one, before the first statement that locks.",
  wrong: "SET lock_timeout = 0;\nALTER TABLE users ADD COLUMN bio text;",
  right: "SET LOCAL lock_timeout = '2s';\nALTER TABLE users ADD COLUMN bio text;",
  check(context): readonly Found[] {
    const set = inside(context.node, "VariableSetStmt");
    if (set?.name !== "lock_timeout") return unlimited(context);
    const value = set.kind === "VAR_SET_VALUE" ? milliseconds(set.args?.[0]) : undefined;
    if (value === 0)
      return [
        {
          message:
            "lock_timeout is switched off: a statement that waits for its lock blocks every later query on the table",
          fix: "SET LOCAL lock_timeout = '5s';",
        },
      ];
    if (value !== undefined && value > LONG)
      return [
        {
          message: `lock_timeout is ${Math.round(value / 1000)} s: for so long every later query on the table may wait behind this migration`,
          fix: "SET LOCAL lock_timeout = '5s';",
        },
      ];
    if (context.held.length > 0)
      return [
        {
          message: "lock_timeout is set after a statement that locks",
          fix: "Move it above the first statement that locks",
        },
      ];
    return [];
  },
};

/** Of a script, the first statement that waits for a table in use without a limit. */
function unlimited({ file, statement, ...context }: Context): readonly Found[] {
  if (file.migration !== undefined || file.kind === "schema") return [];
  const lock = locksTaken({ ...context, file, statement }).find(({ mode }) => isAtLeast(mode, "SHARE"));
  if (lock === undefined) return [];
  const before = file.statements.slice(0, file.statements.indexOf(statement));
  const isFirst = !before.some(
    ({ node }) =>
      node !== undefined &&
      strongLocks(node).some(({ table, mode }) => isAtLeast(mode, "SHARE") && context.isOld(table)),
  );
  if (!isFirst || before.some((other) => isLimit(other, statement))) return [];
  const table = nameOf(lock.table);
  return [
    {
      message: `No lock_timeout is set: as long as this waits for ${table}, every later query on ${table} waits behind it`,
      fix: "SET lock_timeout = '5s';  -- first",
    },
  ];
}

/** Whether a setting before the statement limits how long it waits. */
function isLimit({ node, text, transaction }: LintStatement, statement: LintStatement): boolean {
  const set = inside(node, "VariableSetStmt");
  if (set === undefined) return /\bset_config\s*\(\s*'(?:lock|statement)_timeout'/i.test(text);
  const isTimeout = set.name === "lock_timeout" || set.name === "statement_timeout";
  const isInForce = set.is_local !== true || transaction === statement.transaction;
  return isTimeout && isInForce && set.kind === "VAR_SET_VALUE" && milliseconds(set.args?.[0]) !== 0;
}

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** As PostgreSQL reads a time: a bare number is milliseconds. */
export function milliseconds(value: Node | undefined): number | undefined {
  const constant = inside(value, "A_Const");
  if (constant === undefined) return undefined;
  if (constant.sval === undefined) return constant.ival?.ival ?? 0;
  const [, number, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/.exec(constant.sval.sval ?? "") ?? [];
  const factor = UNITS[unit];
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}
