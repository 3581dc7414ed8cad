import { TokenKind } from "./lexer/token-kind.ts";
import { type Token, tokensOf } from "./lexer/tokens.ts";
import type { Parser } from "./parser.ts";

/** Indexes of the tokens that open and close it. */
interface Pair {
  readonly open: number;
  readonly close: number;
}

/**
 * A statement without the pairs of parentheses that nobody would write: around an operand, a comparison between AND and OR, a sum
 * beside a comparison, and twice around anything. PostgreSQL's grammar has to read the same without them. Those that help a reader
 * stay: AND within OR, sums of products, what is negated. Pure.
 */
export function withoutNeedlessParentheses(sql: string, parser: Parser): string {
  const tokens = tokensOf(sql);
  const pairs = needlessPairs(tokens);
  const outline = pairs.length === 0 ? undefined : parser.outline(sql);
  if (outline === undefined) return sql;
  const without = (some: readonly Pair[]): string => withoutPairs(sql, tokens, some);
  return without(removable(pairs, (some) => parser.outline(without(some)) === outline));
}

/** As many of the pairs as can go, looked for by halves: mostly all of them can. */
function removable(pairs: readonly Pair[], canGo: (some: readonly Pair[]) => boolean): readonly Pair[] {
  if (pairs.length === 0 || canGo(pairs)) return pairs;
  if (pairs.length === 1) return [];
  const middle = pairs.length >> 1;
  const one = removable(pairs.slice(0, middle), canGo);
  const other = removable(pairs.slice(middle), (some) => canGo([...one, ...some]));
  return [...one, ...other];
}

/** What a pair kept apart stays apart. */
function withoutPairs(sql: string, tokens: readonly Token[], pairs: readonly Pair[]): string {
  const gone = pairs
    .flatMap(({ open, close }) => [tokens[open]!.start, tokens[close]!.start])
    .toSorted((a, b) => a - b);
  let text = "";
  let copied = 0;
  for (const at of gone) {
    text += sql.slice(copied, at);
    copied = at + 1;
    const isTight = sql.charAt(at) === "(" ? /[^\s([]$/.test(text) : /^["'$\w]/.test(sql.slice(copied, copied + 1));
    if (isTight) text += " ";
  }
  return text + sql.slice(copied);
}

function needlessPairs(tokens: readonly Token[]): Pair[] {
  const closes = new Map<number, number>();
  const open: number[] = [];
  for (const [index, { kind }] of tokens.entries()) {
    if (kind === TokenKind.open) open.push(index);
    else if (kind === TokenKind.close && open.length > 0) closes.set(open.pop()!, index);
  }
  if (open.length > 0) return [];
  return [...closes].flatMap(([start, close]) => {
    const left = leftOf(tokens[start - 1]);
    if (left === "none") return [];
    const inside = insideOf(tokens, closes, start, close);
    return isNeedless(inside, left, rightOf(tokens[close + 1])) ? [{ open: start, close }] : [];
  });
}

/**
 * What stands in a pair, by what binds weakest in it. A `relation` is whatever has an operator other than those of sums: some of them
 * are words, which not every place takes without parentheses.
 */
type Inside = "operand" | "negative" | "sum" | "relation" | "worded" | "not" | "whole" | "join" | "none";

/** What stands beside a pair. */
type Left =
  | "edge"
  | "clause"
  | "default"
  | "connective"
  | "comparison"
  | "operator"
  | "not"
  | "from"
  | "using"
  | "none";
type Right = "edge" | "connective" | "comparison" | "operator" | "cast" | "word" | "none";

function isNeedless(inside: Inside, left: Left, right: Right): boolean {
  const isAlone =
    (left === "edge" && right === "edge") || (left === "clause" && (right === "edge" || right === "word"));
  const isValue = left === "default" && (right === "edge" || right === "word");
  const isAmong = (others: readonly (Left & Right)[]): boolean =>
    (left === "edge" || left === "clause" || others.includes(left as Left & Right)) &&
    (right === "edge" || others.includes(right as Left & Right));
  switch (inside) {
    case "operand":
      return left === "using" || left === "from" ? right === "cast" : right !== "none";
    case "negative":
      return isAlone || isValue || isAmong(["connective", "comparison"]);
    case "sum":
      return isAlone || isValue || isAmong(["connective", "comparison"]);
    case "relation":
      return isAlone || isValue || isAmong(["connective"]);
    case "worded":
    case "not":
      return isAlone || isAmong(["connective"]);
    case "whole":
      return isAlone;
    case "join":
      return left === "from" || left === "edge";
    case "none":
      return false;
  }
}

function leftOf(token: Token | undefined): Left {
  if (token === undefined) return "none";
  if (token.kind === TokenKind.open || token.text === "," || token.text === "[") return "edge";
  if (token.kind === TokenKind.operator) return COMPARISONS.has(token.text) ? "comparison" : "operator";
  return (token.kind === TokenKind.word && LEFT_WORDS[token.text.toUpperCase()]) || "none";
}

const LEFT_WORDS: Readonly<Record<string, Left>> = {
  AND: "connective",
  OR: "connective",
  NOT: "not",
  DEFAULT: "default",
  USING: "using",
  FROM: "from",
  WHERE: "clause",
  HAVING: "clause",
  ON: "clause",
  SELECT: "edge",
  WHEN: "edge",
  THEN: "edge",
  ELSE: "edge",
};

function rightOf(token: Token | undefined): Right {
  if (token === undefined || token.kind === TokenKind.close) return "edge";
  if (token.kind === TokenKind.operator) return COMPARISONS.has(token.text) ? "comparison" : "operator";
  if (token.kind === TokenKind.punctuation) return RIGHT_SIGNS[token.text] ?? "none";
  if (token.kind !== TokenKind.word) return "none";
  const word = token.text.toUpperCase();
  if (word === "AND" || word === "OR") return "connective";
  return ENDS.has(word) ? "edge" : "word";
}

const RIGHT_SIGNS: Readonly<Record<string, Right>> = { ",": "edge", "]": "edge", "::": "cast", "[": "cast" };
const ENDS: ReadonlySet<string> = new Set(["AS", "FROM", "WHEN", "THEN", "ELSE", "END"]);
const COMPARISONS: ReadonlySet<string> = new Set(["=", "<", ">", "<=", ">=", "<>", "!="]);
const SUMS: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%"]);

function insideOf(tokens: readonly Token[], closes: ReadonlyMap<number, number>, open: number, close: number): Inside {
  if (closes.get(open + 1) === close - 1) return insideOf(tokens, closes, open + 1, close - 1);
  const depth = tokens[open]!.depth + 1;
  const top = tokens.slice(open + 1, close).filter((token) => token.depth === depth);
  const [first] = top;
  if (first === undefined) return "none";
  if (top.length === 2 && isSign(first) && top[1]!.kind === TokenKind.number) return "negative";
  const found = new Set<Inside>();
  let cases = 0;
  for (const [index, token] of top.entries()) {
    const word = token.kind === TokenKind.word ? token.text.toUpperCase() : "";
    if (word === "CASE") cases++;
    if (word === "END") cases--;
    if (cases > 0) continue;
    if (token.text === "," || NOT_EXPRESSIONS.has(word)) return "none";
    if (word === "JOIN") found.add("join");
    else if (word === "AND" || word === "OR" || word === "END") found.add("whole");
    else if (word === "NOT" && index === 0) found.add("not");
    else if (RELATIONS.has(word)) found.add("worded");
    else if (token.kind === TokenKind.operator && top[index - 1]?.text !== ".") {
      found.add(SUMS.has(token.text) ? "sum" : "relation");
    }
  }
  return WEAKEST_FIRST.find((each) => found.has(each)) ?? "operand";
}

const WEAKEST_FIRST: readonly Inside[] = ["join", "whole", "not", "worded", "relation", "sum"];
const RELATIONS: ReadonlySet<string> = new Set(
  "AT BETWEEN COLLATE ILIKE IN IS ISNULL LIKE NOTNULL OPERATOR OVERLAPS SIMILAR".split(" "),
);
/** Words of queries and lists. */
const NOT_EXPRESSIONS: ReadonlySet<string> = new Set("SELECT WITH VALUES TABLE AS ORDER USING WHERE".split(" "));

function isSign({ text }: Token): boolean {
  return text === "-" || text === "+";
}
