import { isAtLeast } from "#compare/trace/facts.ts";
import { untoldLosses } from "#compare/trace/limits.ts";
import type { Node } from "#sql/parser.ts";
import { namesRelation } from "#sql/names-in.ts";
import { isSwallowing } from "#sql/effects/swallowed-writes.ts";
import { backfillByCode, workByCode } from "../code-work.ts";
import type { Found, Rule } from "../rule.ts";
import { nodesIn } from "../syntax.ts";

export const doesByCode: Rule = {
  id: "does-by-code",
  title: "Code, a trigger, rule or foreign key that takes something away, or locks a table",
  group: "data",
  severity: "warning",
  severityElse: "error where code builds an index, rewrites a table or reads all of it",
  asks: ["trace"],
  why: "What a statement does is not all in its text: `SELECT cleanup()` may delete rows, an INSERT may wake a trigger that does, and a DELETE takes rows of other tables along where a foreign key says `ON DELETE CASCADE`. A block or a function that builds an index, rewrites a table or reads all of it keeps others waiting as the statement itself would: that is an error. The statement was run in a scratch database, and this is what was seen there, or is in the body of the code that ran.",
  instead:
    "Write the statements themselves into the migration, where every rule sees them. If it is meant, say so in the migration: `-- confiture:ignore does-by-code empties the staging table only`.",
  wrong: "SELECT cleanup();",
  right: "DELETE FROM sessions WHERE expires_at < now();",
  check(context) {
    const { node, statement, facts } = context;
    if (facts === undefined) return [];
    const isCode = RUNS_CODE.some((kind) => kind in node);
    const losses = untoldLosses(facts).filter((loss) => !isSwallowing(loss));
    const gone = losses.filter((loss) => loss.startsWith("drops "));
    const untold = losses.filter(
      (loss) => !loss.startsWith("drops ") && (isBody(node) || !namesRows(statement.text, loss)),
    );
    const found: Found[] = [];
    const taken = [...untold, ...(isCode ? gone : [])];
    const who = "DoStmt" in node ? "No rule looks into this block: it" : "What its text does not say: this";
    if (taken.length > 0) found.push({ message: `${who} ${taken.join("; ")}` });
    if (!isCode) return found;
    const work = [...workByCode(facts), ...backfillByCode(context, facts)];
    if (work.length > 0) {
      const all = work.map(({ sentence }) => sentence).join("; ");
      found.push({ message: `The code that this runs ${all}`, severity: "error", fix: FIX });
    }
    const locks = facts.locks.filter(
      ({ isNew, kind, mode, name }) =>
        !isNew && kind === "table" && isAtLeast(mode, "SHARE") && !work.some(({ table }) => table === name),
    );
    if (locks.length > 0 && !("DoStmt" in node)) {
      const list = locks.map(({ mode, name }) => `${mode} on ${name}`).join(", ");
      found.push({ message: `The code that this runs takes ${list}`, fix: FIX });
    }
    return found;
  },
};

const FIX = "Write its statements into the migration, where each has a rule of its own";

/** Statements that take no strong lock of a table in use, and drop nothing, but through code that they run. */
const RUNS_CODE: readonly string[] = [
  "SelectStmt",
  "DoStmt",
  "CallStmt",
  "InsertStmt",
  "UpdateStmt",
  "DeleteStmt",
  "MergeStmt",
  "CopyStmt",
  "ExecuteStmt",
];

/** Whether whatever it does to rows is done by the body of code: no rule looks into that, also where it is in the text. */
function isBody(node: Node): boolean {
  if ("DoStmt" in node || "CallStmt" in node) return true;
  return "SelectStmt" in node && ![...nodesIn(node)].some(([kind]) => WRITES.has(kind));
}

const WRITES: ReadonlySet<string> = new Set(["InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"]);

/** Whether the text names the table whose rows a loss is about. */
function namesRows(text: string, loss: string): boolean {
  const [, table] = /\brows of (\S+)/.exec(loss) ?? [];
  return table !== undefined && namesRelation(text, table);
}
