import { isAtLeast } from "#compare/trace/facts.ts";
import { untoldLosses } from "#compare/trace/limits.ts";
import { inside } from "#sql/parser.ts";
import { namesRelation } from "#sql/names-in.ts";
import { isSwallowing } from "#sql/effects/swallowed-writes.ts";
import type { Found, Rule } from "../rule.ts";

export const doesByCode: Rule = {
  id: "does-by-code",
  title: "A function, trigger, rule or foreign key that takes something away, or locks a table",
  group: "data",
  severity: "warning",
  asks: ["trace"],
  why: "What a statement does is not all in its text: `SELECT cleanup()` may delete rows, an INSERT may wake a trigger that does, and a DELETE takes rows of other tables along where a foreign key says `ON DELETE CASCADE`. The statement was run in a scratch database, and this is what was seen there, or is in the body of the code that ran.",
  instead:
    "Write the statements themselves into the migration, where every rule sees them. If it is meant, say so in the migration: `-- confiture:ignore does-by-code empties the staging table only`.",
  wrong: "SELECT cleanup();",
  right: "DELETE FROM sessions WHERE expires_at < now();",
  check({ node, statement, facts }) {
    if (facts === undefined) return [];
    const losses = untoldLosses(facts).filter((loss) => !isSwallowing(loss));
    const gone = losses.filter((loss) => loss.startsWith("drops "));
    const untold = losses.filter((loss) => !loss.startsWith("drops ") && !namesRows(statement.text, loss));
    const isCode = ["SelectStmt", "DoStmt", "CallStmt", "InsertStmt"].some((kind) => kind in node);
    const locks = facts.locks.filter(
      ({ isNew, kind, mode }) => isCode && !isNew && kind === "table" && isAtLeast(mode, "SHARE"),
    );
    const found: Found[] = [];
    const taken = [...untold, ...(isCode ? gone : [])];
    if (taken.length > 0) found.push({ message: `What its text does not say: this ${taken.join("; ")}` });
    if (locks.length > 0 && inside(node, "DoStmt") === undefined) {
      const list = locks.map(({ mode, name }) => `${mode} on ${name}`).join(", ");
      found.push({ message: `The code that this runs takes ${list}`, fix: "Write its statements into the migration" });
    }
    return found;
  },
};

/** Whether the text names the table whose rows a loss is about. */
function namesRows(text: string, loss: string): boolean {
  const [, table] = /\brows of (\S+)/.exec(loss) ?? [];
  return table !== undefined && namesRelation(text, table);
}
