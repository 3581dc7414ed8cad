import { isAtLeast } from "#compare/trace/facts.ts";
import { inside, type Node } from "#sql/parser.ts";
import type { LintFile, LintStatement } from "../file.ts";
import { locksTaken, strongLocks } from "../locks.ts";
import type { Context, Found, Rule } from "../rule.ts";
import { settingsSet } from "../settings-set.ts";
import { nameOf } from "../syntax.ts";

/** Milliseconds; whoever waits longer than that for a lock blocks everybody behind it as long. */
const LONG = 60_000;

const SHORTER = "SET lock_timeout = '5s';";

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
    const set = settingsSet(context.node).find(({ name, kind }) => name === "lock_timeout" || kind === "VAR_RESET_ALL");
    if (set === undefined) return unlimited(context);
    const isSet = set.kind === "VAR_SET_VALUE" || set.kind === "VAR_SET_CURRENT";
    if (!isSet) return setBack(context);
    const value = set.kind === "VAR_SET_VALUE" ? milliseconds(set.args?.[0]) : undefined;
    const shorter = context.statement.transaction.kind === "none" ? SHORTER : SHORTER.replace("SET", "SET LOCAL");
    if (value === 0)
      return [
        {
          message:
            "lock_timeout is switched off: a statement that waits for its lock blocks every later query on the table",
          fix: shorter,
        },
      ];
    if (value !== undefined && value > LONG)
      return [
        {
          message: `lock_timeout is ${Math.round(value / 1000)} s: for so long every later query on the table may wait behind this migration`,
          fix: shorter,
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

/** RESET ALL, RESET lock_timeout: what Confiture had set is gone for what comes behind. */
function setBack({ file, statement, isOld }: Context): readonly Found[] {
  if (file.migration === undefined || file.kind === "schema") return [];
  const later = file.statements.slice(file.statements.indexOf(statement) + 1);
  const next = later.findIndex(({ node }) => settingsSet(node).some(({ name }) => name === "lock_timeout"));
  const locks = later
    .slice(0, next < 0 ? undefined : next)
    .flatMap(({ node }) => (node === undefined ? [] : strongLocks(node)));
  const lock = locks.find(({ mode, table }) => isAtLeast(mode, "SHARE") && isOld(table));
  if (lock === undefined) return [];
  return [
    {
      message: `lock_timeout is that of the server again, which mostly has none, when ${nameOf(lock.table)} is locked behind this`,
      fix: "Reset the settings by their names, or leave them: each migration begins with settings of its own",
    },
  ];
}

/** Of a script, the first statement that waits for a table in use without a limit. */
function unlimited(context: Context): readonly Found[] {
  const { file, statement } = context;
  if (file.migration !== undefined || file.kind === "schema") return [];
  const lock = locksTaken(context).find(({ mode }) => isAtLeast(mode, "SHARE"));
  if (lock === undefined || isLimited(context.file, statement)) return [];
  const before = file.statements.slice(0, file.statements.indexOf(statement));
  const isSaid = before.some(
    (other) =>
      other.node !== undefined &&
      strongLocks(other.node).some(({ table, mode }) => isAtLeast(mode, "SHARE") && context.isOld(table)) &&
      !isLimited(file, other),
  );
  if (isSaid) return [];
  const table = nameOf(lock.table);
  return [
    {
      message: `No lock_timeout is set: as long as this waits for ${table}, every later query on ${table} waits behind it`,
      fix: `${SHORTER}  -- first`,
    },
  ];
}

/** Whether settings of the file before a statement limit how long it waits. */
function isLimited(file: LintFile, statement: LintStatement): boolean {
  const session = new Set<string>();
  const local = new Set<string>();
  for (const { node, text, transaction } of file.statements.slice(0, file.statements.indexOf(statement))) {
    if (/^\s*discard\s+all\b/i.test(text)) session.clear();
    for (const set of settingsSet(node)) {
      if (set.kind === "VAR_RESET_ALL") session.clear();
      if (!TIMEOUTS.has(set.name ?? "")) continue;
      const name = set.name ?? "";
      const isOn = set.kind === "VAR_SET_VALUE" && milliseconds(set.args?.[0]) !== 0;
      if (set.is_local !== true) {
        if (isOn) session.add(name);
        else session.delete(name);
      } else if (transaction === statement.transaction && transaction.kind !== "none") {
        if (isOn) local.add(name);
        else local.delete(name);
      }
    }
  }
  return session.size + local.size > 0;
}

const TIMEOUTS: ReadonlySet<string> = new Set(["lock_timeout", "statement_timeout"]);

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
