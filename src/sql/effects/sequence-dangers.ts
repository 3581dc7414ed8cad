import type { Statement } from "../statement.ts";
import { foldedName, namesAltered, namesFrom } from "../lexer/token-names.ts";
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
  if (first === "SELECT") return /\bsetval\b/i.test(statement.text) ? dangersOfSetval(statement.tokens()) : [];
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
    if (options[0] !== "RESTART" && options[0] !== "SET") return [];
    const what = `the identity of ${foldedName(name)}.${foldedName(tokens[column] ?? "")}`;
    return dangersOfOptions(options, what, name);
  });
}

const HINT = /\b(?:restart|increment|minvalue|maxvalue|cycle|owned|as)\b/i;

/** setval('users_id_seq', 1) */
function dangersOfSetval(tokens: readonly string[]): OfRelation[] {
  return tokens.flatMap((token, at) => {
    if (token !== "SETVAL") return [];
    const owned = dangerOfOwned(tokens.slice(at + 1));
    if (owned !== undefined) return [owned];
    const [open, sequence = "", ...rest] = tokens.slice(at + 1);
    if (open !== "(" || !sequence.startsWith("'")) return [];
    const comma = rest.indexOf(",");
    // What is between may be a cast to regclass.
    const [value = "", behind] = rest.slice(comma + 1);
    if (comma < 0 || !/^\d+$/.test(value) || (behind !== ")" && behind !== ",")) return [];
    const relation = sequence.slice(1, -1).replaceAll("''", "'");
    return [{ danger: { kind: "sequence-set", what: `SEQUENCE ${relation}`, to: value }, relation }];
  });
}

/** (pg_get_serial_sequence('users', 'id'), 1) */
function dangerOfOwned(tokens: readonly string[]): OfRelation | undefined {
  const call = tokens.indexOf("PG_GET_SERIAL_SEQUENCE");
  const [, table = "", , column = "", close, comma, value = "", behind] = tokens.slice(call + 1);
  const isCall =
    call > 0 && call <= 3 && table.startsWith("'") && column.startsWith("'") && close === ")" && comma === ",";
  if (!isCall || !/^\d+$/.test(value) || (behind !== ")" && behind !== ",")) return undefined;
  const relation = table.slice(1, -1).replaceAll("''", "'");
  const what = `the sequence of ${relation}.${column.slice(1, -1)}`;
  return { danger: { kind: "sequence-set", what, to: value }, relation };
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
