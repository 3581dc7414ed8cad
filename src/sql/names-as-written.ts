import { type Node, offsetOfByte, strings } from "./parser.ts";
import { tokensOf } from "./lexer/tokens.ts";
import { writtenName } from "./lexer/token-names.ts";

/** A name without its schema in a statement. */
export interface NameAsWritten {
  /** A type of an aggregate's definition may be a function. */
  readonly kind: "relation" | "function" | "type";
  readonly name: string;
  /** Where it begins, in UTF-16 units. */
  readonly start: number;
}

/**
 * The names of relations, functions and types that a statement uses without their schema, in no order. What stands in strings,
 * bodies of functions among them, is not looked into; operators and collations are not told. Pure.
 * @param node the statement as PostgreSQL's grammar reads it
 */
export function namesAsWritten(node: Node, text: string): NameAsWritten[] {
  const own = new Set<string>();
  const found: (Omit<NameAsWritten, "start"> & { readonly location: number })[] = [];
  walk(node);
  const tokens = new Map(tokensOf(text).map((token) => [token.start, token]));
  return found.flatMap(({ kind, name, location }) => {
    const start = offsetOfByte(text, location);
    const token = tokens.get(start);
    const isName = token !== undefined && writtenName(token.text) === name;
    return isName && !(kind === "relation" && own.has(name)) ? [{ kind, name, start }] : [];
  });

  function walk(value: unknown): void {
    if (Array.isArray(value)) {
      for (const item of value) walk(item);
      return;
    }
    if (typeof value !== "object" || value === null) return;
    const { ctename, relname, schemaname, funcname, names, pct_type: isOfColumn, location } = value as Partial<Names>;
    // A query of a WITH is found before any table.
    if (ctename !== undefined) own.add(ctename);
    if (location !== undefined) {
      if (relname !== undefined && schemaname === undefined) found.push({ kind: "relation", name: relname, location });
      const called = onlyName(funcname);
      if (called !== undefined) found.push({ kind: "function", name: called, location });
      const type = isOfColumn === true ? undefined : onlyName(names);
      if (type !== undefined) found.push({ kind: "type", name: type, location });
    }
    for (const part of Object.values(value)) walk(part);
  }
}

/** What nodes with names in them have: CommonTableExpr, RangeVar, FuncCall and TypeName. */
interface Names {
  readonly ctename: string;
  readonly relname: string;
  readonly schemaname: string;
  readonly funcname: readonly Node[];
  readonly names: readonly Node[];
  readonly pct_type: boolean;
  readonly location: number;
}

function onlyName(nodes: unknown): string | undefined {
  const [name, ...more] = Array.isArray(nodes) ? strings(nodes as readonly Node[]) : [];
  return more.length === 0 ? name : undefined;
}
