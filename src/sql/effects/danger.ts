import type { Statement } from "../statement.ts";
import { foldedName, namesAltered, namesFrom } from "../lexer/token-names.ts";

/** What a statement puts at risk without taking it away. */
export interface Danger {
  /** "restarts SEQUENCE users_id_seq: values that it has given may come again" */
  readonly what: string;
  /** The sequence or table that it is about, as it is written. */
  readonly relation: string;
}

/**
 * What statements about sequences put at risk: where a sequence stands is not known before they run. A `setval` of something that
 * is looked up, such as the largest key, is left out. Pure.
 */
export function dangersOf(statement: Statement): Danger[] {
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

const HINT = /\b(?:restart|minvalue|maxvalue|cycle|owned|as)\b/i;

/** setval('users_id_seq', 1) */
function dangersOfSetval(tokens: readonly string[]): Danger[] {
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
    return [{ what: `sets SEQUENCE ${relation} to ${value}: ${AGAIN}`, relation }];
  });
}

/** (pg_get_serial_sequence('users', 'id'), 1) */
function dangerOfOwned(tokens: readonly string[]): Danger | undefined {
  const call = tokens.indexOf("PG_GET_SERIAL_SEQUENCE");
  const [, table = "", , column = "", close, comma, value = "", behind] = tokens.slice(call + 1);
  const isCall =
    call > 0 && call <= 3 && table.startsWith("'") && column.startsWith("'") && close === ")" && comma === ",";
  if (!isCall || !/^\d+$/.test(value) || (behind !== ")" && behind !== ",")) return undefined;
  const relation = table.slice(1, -1).replaceAll("''", "'");
  return { what: `sets the sequence of ${relation}.${column.slice(1, -1)} to ${value}: ${AGAIN}`, relation };
}

function dangersOfOptions(options: readonly string[], what: string, relation: string): Danger[] {
  return options.flatMap((word, at): Danger[] => {
    const before = options[at - 1];
    const next = options[at + 1] ?? "";
    const number = options.slice(at + 1, next === "-" ? at + 3 : at + 2).join("");
    switch (word) {
      case "RESTART": {
        const to = next === "WITH" ? options[at + 2] : /^\d+$/.test(next) ? next : undefined;
        return [{ what: `restarts ${what}${to === undefined ? "" : ` at ${to}`}: ${AGAIN}`, relation }];
      }
      case "MINVALUE":
      case "MAXVALUE":
        return before === "NO"
          ? []
          : [{ what: `bounds ${what} (${word} ${number}): it fails where the sequence has gone beyond`, relation }];
      case "AS":
        return [{ what: `bounds ${what} by its type (${next.toLowerCase()}): it fails beyond`, relation }];
      case "CYCLE":
        return before === "NO" ? [] : [{ what: `lets ${what} begin again at its end (CYCLE): ${AGAIN}`, relation }];
      case "OWNED": {
        const [owner] = namesFrom(options, at + 2);
        return owner === undefined || owner === "NONE"
          ? []
          : [{ what: `lets ${what} be dropped with ${foldedName(owner)} from now on (OWNED BY)`, relation }];
      }
      default:
        return [];
    }
  });
}

/** Whether a sequence goes on from a value that it may have given. Pure. */
export function repeatsValues({ what }: Pick<Danger, "what">): boolean {
  return what.endsWith(AGAIN);
}

const AGAIN = "values that it has given may come again";
