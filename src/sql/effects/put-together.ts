import { Statement } from "../statement.ts";
import { codeIn, isString } from "../strings-in-code.ts";

/** What code runs with EXECUTE, as far as it says what that is. */
export interface PutTogether {
  /** With `%` for what is known only when it runs, and `"%"` for a name. */
  readonly texts: readonly string[];
  /** Whether something may be of any kind of statement. */
  readonly isUntold: boolean;
}

/** What the code in the strings of a statement puts together and runs: the body of DO, of a function or procedure. Pure. */
export function putTogether(statement: string): PutTogether {
  const found = codeIn(Statement.of(statement).tokens())
    .filter((body) => /\bexecute\b/i.test(body))
    .map((body) => textsRun(Statement.of(body).tokens()));
  return {
    texts: found.flatMap(({ texts }) => texts),
    isUntold: found.some(({ isUntold }) => isUntold),
  };
}

function textsRun(tokens: readonly string[]): PutTogether {
  const texts = tokens.flatMap((token, at) => {
    if (token !== "EXECUTE" || NO_CODE.has(tokens[at + 1] ?? "")) return [];
    return textsOf(upTo(tokens, at + 1, RUN), tokens, new Set());
  });
  return { texts, isUntold: texts.some((text) => !text.split(";").every(isOfKnownKind)) };
}

/** GRANT EXECUTE ON, and what a trigger runs. */
const NO_CODE: ReadonlySet<string> = new Set(["ON", "FUNCTION", "PROCEDURE", ",", ";"]);
const RUN: ReadonlySet<string> = new Set([";", "INTO", "USING", "LOOP"]);
const UNKNOWN = "%";

/** Tokens from one on, to the first of these that stands in no parentheses. */
function upTo(tokens: readonly string[], from: number, ends: ReadonlySet<string>): string[] {
  let depth = 0;
  const end = tokens.findIndex((token, at) => {
    if (at < from) return false;
    if (depth === 0 && ends.has(token)) return true;
    depth += token === "(" || token === "[" ? 1 : token === ")" || token === "]" ? -1 : 0;
    return depth < 0;
  });
  return tokens.slice(from, end < 0 ? undefined : end);
}

function split(tokens: readonly string[], by: string): string[][] {
  const parts: string[][] = [];
  const ends = new Set([by]);
  for (let at = 0; at <= tokens.length; at += parts.at(-1)!.length + 1) parts.push(upTo(tokens, at, ends));
  return parts;
}

/** The texts that an expression may come to. */
function textsOf(expression: readonly string[], code: readonly string[], seen: ReadonlySet<string>): string[] {
  const parts = split(expression, "||");
  const [first = [], ...rest] = parts;
  const end = rest.map((part) => textOf(part)).join("");
  const name = first.join(" ");
  if (!/^[\w"]+(?: \. [\w"]+)?$/.test(name)) return [textOf(first) + end];
  // What is added to itself is known by what it was.
  if (seen.has(name)) return [];
  const given = valuesOf(first, code).flatMap((value) => textsOf(value, code, new Set([...seen, name])));
  return given.length === 0 ? [UNKNOWN + end] : given.map((text) => text + end);
}

/** Text that stands in an expression. */
function textOf(part: readonly string[]): string {
  const [tokens = []] = split(part, "::");
  if (tokens.every(isString)) return codeIn(tokens).join("");
  const [head = "", open] = tokens;
  const inner = tokens.slice(open === "(" ? 2 : 1, -1);
  if (head === "(" && tokens.at(-1) === ")") return split(tokens.slice(1, -1), "||").map(textOf).join("");
  if (open !== "(" || tokens.at(-1) !== ")") return UNKNOWN;
  const given = split(inner, ",");
  switch (head) {
    case "FORMAT":
      return formatted(given);
    case "CONCAT":
      return given.map(textOf).join("");
    case "CONCAT_WS":
      return given
        .slice(1)
        .map(textOf)
        .join(textOf(given[0] ?? []));
    case "QUOTE_IDENT":
      return NAME;
    case "QUOTE_LITERAL":
      return "'%'";
    default:
      return UNKNOWN;
  }
}

const NAME = '"%"';

function formatted([template = [], ...values]: readonly string[][]): string {
  let next = 0;
  return textOf(template).replaceAll(
    /%(?:(\d+)\$)?(?:-?\d*)([sIL%])/g,
    (_, place: string | undefined, type: string) => {
      if (type === "%") return "%";
      const at = place === undefined ? next++ : Number(place) - 1;
      const value = textOf(split(values[at] ?? [], "||").length > 1 ? ["(", ...values[at]!, ")"] : (values[at] ?? []));
      if (type === "L") return "'%'";
      return type === "s" ? value : value === UNKNOWN ? NAME : `"${value}"`;
    },
  );
}

/** What a variable is given: where it is declared or set, by a query, or by a loop. */
function valuesOf([name = "", dot]: readonly string[], code: readonly string[]): string[][] {
  return code.flatMap((token, at): string[][] => {
    if (token !== name) return [];
    const before = code[at - 1] ?? ";";
    const after = code[at + 1];
    if (before === "INTO" && dot === undefined) {
      const start = code.lastIndexOf("SELECT", at);
      return start < 0 ? [[UNKNOWN]] : [firstOf(code.slice(start + 1, at - 1))];
    }
    if (before === "FOR" && after === "IN") {
      const query = code[at + 2] === "(" ? 3 : 2;
      return code[at + query] === "SELECT" ? [firstOf(upTo(code, at + query + 1, LOOP))] : [[UNKNOWN]];
    }
    if (before === "FOREACH" && code[at + 3] === "ARRAY" && code[at + 4] === "[") {
      return split(upTo(code, at + 5, new Set(["]"])), ",");
    }
    if (!BEGINS.has(before) || dot !== undefined) return [];
    const [own = []] = split(code.slice(at + 1), ";");
    const set = own.findIndex((one, index) => one === ":=" || one === "DEFAULT" || (one === "=" && index === 0));
    return set < 0 ? [] : [own.slice(set + 1)];
  });
}

const LOOP: ReadonlySet<string> = new Set(["LOOP"]);
const BEGINS: ReadonlySet<string> = new Set([";", "BEGIN", "DECLARE", "THEN", "ELSE", "LOOP"]);
const TARGET_ENDS: ReadonlySet<string> = new Set(["AS", "FROM", "INTO"]);

/** What a query gives as its only column. */
function firstOf(query: readonly string[]): string[] {
  const target = upTo(query, 0, TARGET_ENDS);
  return split(target, ",").length === 1 ? target : [UNKNOWN];
}

/** Whether a statement is of a kind that can be told from what is known of its text. */
function isOfKnownKind(text: string): boolean {
  const known = text.replaceAll(/--.*$|\/\*[^]*?\*\//gm, " ").trim();
  if (known === "") return true;
  const [, first = ""] = /^\(*([a-z]+)(?=[\s("';]|$)/i.exec(known) ?? [];
  switch (first.toLowerCase()) {
    case "":
      return false;
    case "create":
    case "alter":
    case "drop":
      return /^\w+\s+(?:or\s+replace\s+)?[a-z]+(?=[\s("]|$)/i.test(known);
    case "comment":
    case "security":
      return /\bon\s+[a-z]+(?=[\s(]|$)/i.test(known);
    case "grant":
    case "revoke":
      return RIGHTS_OF_TABLES.test(known) || /\son\s+(?:[a-z]+|"%")(?=[\s,.]|$)/i.test(known);
    case "copy":
      return !/\bto\s+['%]/i.test(known) && !/\bprogram\b/i.test(known);
    case "do":
      return !known.includes(UNKNOWN);
    case "select":
    case "with":
    case "call":
    case "values":
      // What it calls is not known.
      return !/%"?\s*\(/.test(known) && !/^call\s+["%]/i.test(known);
    default:
      return true;
  }
}

const RIGHTS_OF_TABLES =
  /^\w+\s+(?:(?:select|insert|update|delete|truncate|references|trigger|maintain)\b(?:\s*\([^)]*\))?[\s,]*)+on\s/i;
