import { inside, type Node, offsetOfByte, strings } from "#sql/parser.ts";
import { isWord, type Token } from "#sql/lexer/tokens.ts";
import type { Sentence } from "./schema-tree.ts";

/** The name that a column keeps, and where it is to be written. */
interface KeptName {
  readonly at: number;
  readonly name: string;
}

/**
 * Columns that a view, or a query inside an expression, returns under the name of what is renamed. PostgreSQL has them stored
 * with that name, so that they keep it. Pure.
 * @param names the tokens that are renamed
 */
export function keptNames(sentence: Sentence, tokens: readonly Token[], names: readonly Token[]): KeptName[] {
  const { node, start, statement } = sentence;
  if (node === undefined || names.length === 0) return [];
  const indexAt = (location: number | undefined): number => {
    const at = location === undefined ? -1 : start + offsetOfByte(statement.text, location);
    return tokens.findIndex((token) => token.start === at);
  };
  const query = inside(node, "ViewStmt")?.query ?? inside(node, "CreateTableAsStmt")?.query;
  return [query, ...queriesInExpressions(node)].flatMap(targetsIn).flatMap(({ name, val, location }) => {
    const source = name === undefined ? nameSource(val) : undefined;
    const [first, own] = [indexAt(location), indexAt(source?.location)];
    if (source === undefined || first < 0 || own < 0) return [];
    const named = tokens[own + 2 * (source.parts - 1)];
    if (named === undefined || !names.includes(named)) return [];
    return [{ at: endOfTarget(tokens, first), name: named.text }];
  });
}

/** Queries whose columns nobody can name: those in FROM are read by the name that they return. */
function queriesInExpressions(node: unknown): (Node | undefined)[] {
  if (typeof node !== "object" || node === null) return [];
  const own = inside(node as Node, "SubLink")?.subselect;
  return [...(own === undefined ? [] : [own]), ...Object.values(node).flatMap(queriesInExpressions)];
}

/** What a query returns; of a UNION each side. */
function targetsIn(query: Node | undefined): { name?: string; val?: Node; location?: number }[] {
  const select = inside(query, "SelectStmt");
  if (select === undefined) return [];
  const sides = [select.larg, select.rarg].flatMap((side) =>
    side === undefined ? [] : targetsIn({ SelectStmt: side }),
  );
  return [...sides, ...(select.targetList ?? []).flatMap((each) => inside(each, "ResTarget") ?? [])];
}

/** Where an expression has the words after which PostgreSQL names its column; a cast is named after what is cast. */
function nameSource(
  val: Node | undefined,
): { readonly location: number | undefined; readonly parts: number } | undefined {
  const column = inside(val, "ColumnRef");
  if (column !== undefined) return { location: column.location, parts: strings(column.fields).length };
  const call = inside(val, "FuncCall");
  if (call !== undefined) return { location: call.location, parts: strings(call.funcname).length };
  const cast = inside(val, "TypeCast");
  if (cast === undefined) return nameSourceOfCollated(val);
  const { typeName: type } = cast;
  return nameSource(cast.arg) ?? { location: type?.location, parts: strings(type?.names).length };
}

function nameSourceOfCollated(val: Node | undefined): ReturnType<typeof nameSource> {
  const collated = inside(val, "CollateClause");
  return collated === undefined ? undefined : nameSource(collated.arg);
}

/** The end of what is returned: behind the casts and clauses that follow the name in it. */
function endOfTarget(tokens: readonly Token[], first: number): number {
  const { depth } = tokens[first]!;
  const isEnd = (token: Token, index: number): boolean =>
    index > first &&
    (token.depth < depth || (token.depth === depth && (/^[,;]$/.test(token.text) || isBehindTargets(tokens, index))));
  const end = tokens.findIndex(isEnd);
  return (end < 0 ? tokens.at(-1) : tokens[end - 1])!.end;
}

/** `timestamp with time zone` goes on. */
function isBehindTargets(tokens: readonly Token[], index: number): boolean {
  if (isWord(tokens[index], "WITH")) return !isWord(tokens[index + 1], "TIME");
  return BEHIND_TARGETS.test(tokens[index]!.text);
}

const BEHIND_TARGETS = /^(from|where|group|having|window|union|except|intersect|order|limit|offset|fetch|for)$/i;
