import type { Statement } from "../statement.ts";
import { foldedName, namesAltered, namesFrom } from "../lexer/token-names.ts";
import { isString } from "../strings-in-code.ts";
import { isName } from "./code.ts";
import type { DangerKind } from "./danger-kinds.ts";

/** With the sequence or table that it is about, as it is written: one that is new has nothing at risk. */
export interface OfRelation {
  readonly danger: DangerKind;
  readonly relation: string;
}

/**
 * What statements about sequences put at risk: where a sequence stands is not known before they run. A `setval` of something that
 * is looked up, such as the largest key, is left out. Pure.
 */
export function sequenceDangers(statement: Statement): OfRelation[] {
  const first = statement.firstWord;
  const isStored =
    first === "CREATE" && statement.words.slice(1, 4).some((word) => /^(?:TABLE|MATERIALIZED)$/.test(word));
  if (isStored || CALLS.has(first ?? ""))
    return /\bsetval\b/i.test(statement.text) ? dangersOfSetval(statement.tokens()) : [];
  if (first !== "ALTER" || !HINT.test(statement.text)) return [];
  const tokens = statement.tokens();
  const [name] = namesAltered(tokens);
  if (name === undefined) return [];
  if (tokens[1] === "SEQUENCE") return dangersOfOptions(tokens, `SEQUENCE ${foldedName(name)}`, name);
  if (tokens[1] !== "TABLE") return [];
  // ALTER [COLUMN] id RESTART, or SET MAXVALUE
  return tokens.flatMap((token, index) => {
    if (token !== "ALTER" || index === 0) return [];
    const column = tokens[index + 1] === "COLUMN" ? index + 2 : index + 1;
    const next = tokens.findIndex((later, from) => from > column && later === ",");
    const options = tokens.slice(column + 1, next < 0 ? undefined : next);
    // SET DATA TYPE, DEFAULT and EXPRESSION are about the column.
    if (options[0] !== "RESTART" && (options[0] !== "SET" || !OF_IDENTITY.has(options[1] ?? ""))) return [];
    const what = `the identity of ${foldedName(name)}.${foldedName(tokens[column] ?? "")}`;
    return dangersOfOptions(options, what, name);
  });
}

/** Statements that run what they call. */
const CALLS: ReadonlySet<string> = new Set(["SELECT", "WITH", "VALUES", "INSERT", "UPDATE", "("]);

/** What may stand behind ALTER COLUMN ... SET where that is about an identity. */
const OF_IDENTITY: ReadonlySet<string> = new Set(
  "GENERATED,INCREMENT,MINVALUE,MAXVALUE,NO,START,RESTART,CACHE,CYCLE".split(","),
);

const HINT = /\b(?:restart|increment|minvalue|maxvalue|cycle|owned|as)\b/i;

/** setval('users_id_seq', 1), setval(pg_get_serial_sequence('users', 'id'), 1, false), wherever it stands */
function dangersOfSetval(tokens: readonly string[]): OfRelation[] {
  return tokens.flatMap((token, at): OfRelation[] => {
    if (token !== "SETVAL" || tokens[at + 1] !== "(") return [];
    const [sequence = [], value = []] = argumentsFrom(tokens, at + 1);
    // What has a name is looked up: a column, a subquery, a function.
    if (value.length === 0 || value.some((one, index) => isName(one) && value[index - 1] !== "::")) return [];
    const to = value
      .map((one) => (isString(one) ? one : one.toLowerCase()))
      .join(" ")
      .replaceAll(/ ?(::|[()]) ?/g, "$1");
    const named = sequence.find((one) => isString(one));
    if (named === undefined) return [];
    const relation = textOf(named);
    const call = sequence.indexOf("PG_GET_SERIAL_SEQUENCE");
    if (call < 0) return [{ danger: { kind: "sequence-set", what: `SEQUENCE ${relation}`, to }, relation }];
    const column = sequence.slice(call + 4).find((one) => isString(one));
    if (column === undefined) return [];
    const what = `the sequence of ${relation}.${textOf(column)}`;
    return [{ danger: { kind: "sequence-set", what, to }, relation }];
  });
}

/** The arguments of a call, by the parenthesis that opens them. */
function argumentsFrom(tokens: readonly string[], open: number): string[][] {
  const found: string[][] = [[]];
  let depth = 0;
  for (const token of tokens.slice(open)) {
    if (token === ")" && --depth === 0) break;
    if (token === "," && depth === 1) found.push([]);
    else if (depth > 0) found.at(-1)!.push(token);
    if (token === "(") depth++;
  }
  return found;
}

function textOf(token: string): string {
  return token.slice(token.indexOf("'") + 1, -1).replaceAll("''", "'");
}

function dangersOfOptions(options: readonly string[], what: string, relation: string): OfRelation[] {
  return options.flatMap((word, at): OfRelation[] => {
    const danger = dangerOfOption(options, at, word, what);
    return danger === undefined ? [] : [{ danger, relation }];
  });
}

function dangerOfOption(options: readonly string[], at: number, word: string, what: string): DangerKind | undefined {
  const isNo = options[at - 1] === "NO";
  const next = options[at + 1] ?? "";
  const number = options.slice(at + 1, next === "-" ? at + 3 : at + 2).join("");
  switch (word) {
    case "RESTART": {
      const to = next === "WITH" ? options[at + 2] : /^\d+$/.test(next) ? next : undefined;
      return { kind: "sequence-restarts", what, to };
    }
    case "INCREMENT": {
      const from = next === "BY" ? at + 2 : at + 1;
      if (options[from] !== "-") return undefined;
      return { kind: "sequence-turns", what, increment: `-${options[from + 1] ?? ""}` };
    }
    case "MINVALUE":
    case "MAXVALUE":
      return isNo
        ? undefined
        : { kind: "sequence-bounded", what, how: `(${word} ${number}): it fails where the sequence has gone beyond` };
    case "AS":
      return { kind: "sequence-bounded", what, how: `by its type (${next.toLowerCase()}): it fails beyond` };
    case "CYCLE":
      return isNo ? undefined : { kind: "sequence-cycles", what };
    case "OWNED": {
      const [owner] = namesFrom(options, at + 2);
      const isNone = owner === undefined || owner === "NONE";
      return isNone ? undefined : { kind: "sequence-owned", what, owner: foldedName(owner) };
    }
    default:
      return undefined;
  }
}
