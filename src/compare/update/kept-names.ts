import { inside, type Node, offsetOfByte } from "#sql/parser.ts";
import { isWord, type Token } from "#sql/lexer/tokens.ts";
import { impliedName } from "./implied-name.ts";
import type { Sentence } from "./schema-tree.ts";

/** The name that a column keeps, and where it is to be written. */
interface KeptName {
  readonly at: number;
  readonly name: string;
}

/**
 * Columns that a view, or a query inside of something, returns under the name of what is renamed. PostgreSQL has them stored
 * with that name, so that they keep it. Pure.
 * @param names the tokens that are renamed
 * @param isKnown whether nothing else is among them: otherwise queries in FROM are left out, as what reads them by the name
 * that they return was renamed as well
 */
export function keptNames(
  { node, start, statement }: Sentence,
  tokens: readonly Token[],
  names: readonly Token[],
  isKnown: boolean,
): KeptName[] {
  if (node === undefined || names.length === 0) return [];
  const indexAt = (location: number | undefined): number => {
    const at = location === undefined ? -1 : start + offsetOfByte(statement.text, location);
    return tokens.findIndex((token) => token.start === at);
  };
  const query = inside(node, "ViewStmt")?.query ?? inside(node, "CreateTableAsStmt")?.query;
  const targets = isKnown ? allTargets(node) : [query, ...queriesInExpressions(node)].flatMap(targetsIn);
  return targets.flatMap(({ name, val, location }) => {
    const source = name === undefined ? impliedName(val) : undefined;
    const [first, own] = [indexAt(location), indexAt(source?.location)];
    if (source === undefined || first < 0 || own < 0) return [];
    const named = tokens[own + 2 * (source.parts - 1)];
    if (named === undefined || !names.includes(named)) return [];
    return [{ at: endOfTarget(tokens, first), name: named.text }];
  });
}

interface Target {
  readonly name?: string;
  readonly val?: Node;
  readonly location?: number;
}

/** What is returned by all queries, and by RETURNING. */
function allTargets(part: unknown): Target[] {
  if (typeof part !== "object" || part === null) return [];
  const node = part as Node;
  const returned = "returningClause" in node ? (node as ReturningNode).returningClause?.exprs : undefined;
  const own = [...targetsIn(node), ...(returned ?? []).flatMap((each) => inside(each, "ResTarget") ?? [])];
  return [...own, ...Object.values(node).flatMap(allTargets)];
}

interface ReturningNode {
  readonly returningClause?: { readonly exprs?: readonly Node[] };
}

/** Queries whose columns nobody can name: those in FROM are read by the name that they return. */
function queriesInExpressions(node: unknown): (Node | undefined)[] {
  if (typeof node !== "object" || node === null) return [];
  const own = inside(node as Node, "SubLink")?.subselect;
  return [...(own === undefined ? [] : [own]), ...Object.values(node).flatMap(queriesInExpressions)];
}

/** What a query returns; of a UNION each side. */
function targetsIn(query: Node | undefined): Target[] {
  const select = inside(query, "SelectStmt");
  if (select === undefined) return [];
  const sides = [select.larg, select.rarg].flatMap((side) =>
    side === undefined ? [] : targetsIn({ SelectStmt: side }),
  );
  return [...sides, ...(select.targetList ?? []).flatMap((each) => inside(each, "ResTarget") ?? [])];
}

/** The end of what is returned: behind the casts and clauses that follow the name in it. */
function endOfTarget(tokens: readonly Token[], first: number): number {
  const { depth } = tokens[first]!;
  let cases = 0;
  for (let index = first; index < tokens.length; index++) {
    const token = tokens[index]!;
    if (isWord(token, "CASE")) cases++;
    if (isWord(token, "END")) cases--;
    if (index === first || cases > 0) continue;
    const isEnd = token.depth === depth && (/^[,;]$/.test(token.text) || isBehindTargets(tokens, index));
    if (token.depth < depth || cases < 0 || isEnd) return tokens[index - 1]!.end;
  }
  return tokens.at(-1)!.end;
}

/** `timestamp with time zone` goes on. */
function isBehindTargets(tokens: readonly Token[], index: number): boolean {
  if (isWord(tokens[index], "WITH")) return !isWord(tokens[index + 1], "TIME");
  return BEHIND_TARGETS.test(tokens[index]!.text);
}

const BEHIND_TARGETS = /^(from|where|group|having|window|union|except|intersect|order|limit|offset|fetch|for)$/i;
