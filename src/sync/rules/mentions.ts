import type { Parser } from "#sql/parser.ts";
import { namesOf, nodesIn } from "./sql-reach.ts";

/** Something that SQL names, and that may be more than PostgreSQL's own. */
export interface Mention {
  /** `field`: a column, or a function of the row, which is written in the same way. */
  readonly kind: "relation" | "function" | "field" | "operator" | "type";
  readonly schema: string | null;
  readonly name: string;
  /** Of a function, how many arguments it is given. */
  readonly args: number | null;
}

/** What SQL names, and its statements; undefined for what PostgreSQL's grammar does not take. Pure. */
export function mentionsIn(
  parser: Parser,
  sql: string,
): { readonly statements: unknown; readonly mentions: Mention[] } | undefined {
  const statements = parser.parseAll(sql);
  if (statements === undefined) return undefined;
  const found: Mention[] = COMPARED.map((name) => ({ kind: "operator", schema: null, name, args: null }));
  const add = (kind: Mention["kind"], names: readonly string[], args: number | null = null): void => {
    const name = names.at(-1);
    if (name !== undefined) found.push({ kind, schema: names.at(-2) ?? null, name, args });
  };
  for (const [kind, fields] of nodesIn(statements)) {
    if (kind === "RangeVar") {
      const { schemaname: schema, relname: name } = fields as {
        readonly schemaname?: string;
        readonly relname: string;
      };
      add("relation", schema === undefined ? [name] : [schema, name]);
    } else if (kind === "FuncCall")
      add("function", namesOf(fields["funcname"]), ((fields["args"] as unknown[] | undefined) ?? []).length);
    else if (kind === "ColumnRef") add("field", namesOf(fields["fields"]).slice(-1));
    else if (kind === "A_Indirection") add("field", namesOf(fields["indirection"]).slice(-1));
    else if (kind === "TypeCast") add("type", namesOf((fields["typeName"] as { readonly names?: unknown }).names));
    for (const name of OPERATORS) if (Array.isArray(fields[name])) add("operator", namesOf(fields[name]));
  }
  return { statements, mentions: [...new Map(found.map((each) => [JSON.stringify(each), each])).values()] };
}

/** Where a node has the operator that it uses: `A_Expr`, `SubLink` and `SortBy`. */
const OPERATORS = ["name", "operName", "useOp"] as const;

/** What CASE, BETWEEN, DISTINCT, USING and ORDER BY use without naming it. */
const COMPARED = ["=", "<>", "<", "<=", ">", ">="];
