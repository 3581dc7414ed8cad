import { type Node, type NodeOf, strings } from "#sql/parser.ts";
import type { QualifiedName } from "#sql/quote.ts";

export interface CalledFunction extends QualifiedName {
  /** It is part of the values that are written, not of the condition. */
  readonly writes: boolean;
  /** It is called for each row, not inside a query of its own. */
  readonly ofRow: boolean;
}

/** What PostgreSQL has no function for, though its value differs from run to run: CURRENT_TIMESTAMP and its like. */
const SESSION_VALUE = /^SVFOP_CURRENT_(?:DATE|TIME|TIMESTAMP)|^SVFOP_LOCAL/;

export function functionsOf(node: Node): CalledFunction[] {
  const found: CalledFunction[] = [];
  const walk = (value: unknown, context: { readonly writes: boolean; readonly ofRow: boolean }): void => {
    if (Array.isArray(value)) {
      for (const item of value) walk(item, context);
      return;
    }
    if (typeof value !== "object" || value === null) return;
    for (const [name, part] of Object.entries(value)) {
      if (name === "FuncCall") {
        const names = strings((part as NodeOf<"FuncCall">).funcname);
        const [schema, own] = names.length > 1 ? [names.at(-2)!, names.at(-1)!] : [undefined, names[0] ?? ""];
        found.push({ ...(schema === undefined ? {} : { schema }), name: own, ...context });
      }
      if (name === "SQLValueFunction" && SESSION_VALUE.test(String((part as { op?: unknown }).op))) {
        found.push({ schema: "pg_catalog", name: "now", ...context });
      }
      const isCondition = name === "whereClause" || name === "fromClause" || name === "usingClause";
      const isQuery = name === "SubLink" || name === "RangeSubselect" || name === "withClause";
      walk(part, {
        writes: name === "targetList" || name === "onConflictClause" ? true : isCondition ? false : context.writes,
        ofRow: context.ofRow && !isQuery,
      });
    }
  };
  walk(node, { writes: false, ofRow: true });
  return found;
}
