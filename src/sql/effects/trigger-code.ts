import { Statement } from "../statement.ts";
import { codeIn, isString } from "../strings-in-code.ts";
import { foldedName, namesAltered, namesFrom, writtenName } from "../lexer/token-names.ts";
import { parseQualifiedName } from "../quote.ts";

export const WRITES = ["INSERT", "UPDATE", "DELETE"] as const;
export type Write = (typeof WRITES)[number];

/** A trigger that runs before each row is written, or in the place of that (`INSTEAD OF`). */
export interface RowTrigger {
  readonly name: string;
  /** Folded, with a schema where one is written. */
  readonly table: string;
  readonly events: readonly Write[];
  readonly isInstead: boolean;
  /** Whether it runs for some rows alone: WHEN. */
  readonly isConditional: boolean;
  /** Its function, in the form of `table`. */
  readonly routine: string;
}

/**
 * What becomes of a row that a trigger's function is given. `swallowed`: nobody writes it; `perhaps`: the function does not let it
 * be written, and writes something itself; `branch`: some ways through the function swallow it.
 */
export type Fate = "swallowed" | "perhaps" | "branch" | "written";

/** CREATE [OR REPLACE] TRIGGER t BEFORE INSERT OR UPDATE OF a ON users FOR EACH ROW EXECUTE FUNCTION f(); undefined for others. Pure. */
export function rowTriggerMade(statement: Statement): RowTrigger | undefined {
  const at = statement.firstWord === "CREATE" ? statement.words.indexOf("TRIGGER") : -1;
  // CONSTRAINT TRIGGER is always AFTER.
  if ((at !== 1 && at !== 3) || statement.words[at - 1] === "CONSTRAINT") return undefined;
  const tokens = statement.tokens();
  const [, name = "", when] = tokens.slice(at);
  const on = tokens.indexOf("ON", at);
  const run = tokens.lastIndexOf("EXECUTE");
  const options = tokens.slice(on, run);
  const isRow = options.some((token, index) => token === "ROW" && /^(?:EACH|FOR)$/.test(options[index - 1] ?? ""));
  if (on < 0 || run < 0 || !isRow || (when !== "BEFORE" && when !== "INSTEAD")) return undefined;
  const [table = ""] = namesFrom(tokens, on + 1);
  const [routine = ""] = namesFrom(tokens, run + 2);
  return {
    name: writtenName(name),
    table: foldedName(table),
    events: WRITES.filter((event) => tokens.slice(at, on).includes(event)),
    isInstead: when === "INSTEAD",
    isConditional: options.includes("WHEN"),
    routine: foldedName(routine),
  };
}

/** A function for triggers in PL/pgSQL that a statement makes or replaces: its name, folded, and its code. Pure. */
export function triggerFunctionMade(
  statement: Statement,
): { readonly name: string; readonly body: string } | undefined {
  if (statement.firstWord !== "CREATE" || !/\btrigger\b/i.test(statement.text)) return undefined;
  const at = statement.words.indexOf("FUNCTION");
  if (at !== 1 && at !== 3) return undefined;
  const tokens = statement.tokens();
  const returns = tokens.indexOf("RETURNS");
  const language = tokens[tokens.indexOf("LANGUAGE") + 1]?.replaceAll("'", "").toLowerCase();
  if (tokens[returns + 1] !== "TRIGGER" || language !== "plpgsql") return undefined;
  const [name = ""] = namesFrom(tokens, at + 1);
  const begin = tokens.findIndex((token, index) => isString(token) && tokens[index - 1] === "AS");
  const [body] = begin < 0 ? [] : codeIn(tokens.slice(begin));
  return body === undefined ? undefined : { name: foldedName(name), body };
}

/** ALTER TABLE users ENABLE TRIGGER t: one by its name, or all of them (undefined). Pure. */
export function triggersEnabled(
  statement: Statement,
): { readonly table: string; readonly name: string | undefined } | undefined {
  if (statement.firstWord !== "ALTER" || !/\benable\b[^]*\btrigger\b/i.test(statement.text)) return undefined;
  const tokens = statement.tokens();
  const at = tokens.findIndex((token, index) => token === "TRIGGER" && /^(?:ENABLE|ALWAYS)$/.test(tokens[index - 1]!));
  const [table] = namesAltered(tokens);
  const name = tokens[at + 1];
  if (at < 0 || table === undefined || name === undefined) return undefined;
  return { table: foldedName(table), name: name === "ALL" || name === "USER" ? undefined : writtenName(name) };
}

/**
 * What becomes of rows by the code of a trigger's function in PL/pgSQL. Pure.
 * @param table the last part of its name, as the catalogue has it
 */
export function fateOfRow(body: string, { isInstead, isConditional }: RowTrigger, event: Write, table: string): Fate {
  const tokens = Statement.of(body).tokens();
  const returned = returnsOf(tokens);
  if (returned.length === 0) return "written";
  const writes = writesOf(tokens, event, table);
  if (isInstead) return writes === "none" && !isConditional ? "swallowed" : "written";
  const empty = returned.filter((value) => isNothing(value, event)).length;
  if (empty === 0 || writes === "row") return "written";
  if (empty < returned.length || isConditional) return "branch";
  return writes === "none" ? "swallowed" : "perhaps";
}

/** NEW is NULL where a row is deleted, and OLD where one comes. */
function isNothing(value: string, event: Write): boolean {
  return value === "NULL" || (value === "NEW" && event === "DELETE") || (value === "OLD" && event === "INSERT");
}

/** Whether the code writes the row itself, or something else, or nothing. */
function writesOf(tokens: readonly string[], event: Write, table: string): "none" | "other" | "row" {
  // Where the words are put together, or stand in another function, nobody can tell.
  if (tokens.some((token) => token === "EXECUTE" || token === "CALL")) return "row";
  const targets = tokens.flatMap((token, at) => {
    const isWrite =
      (token === "INTO" && /^(?:INSERT|MERGE)$/.test(tokens[at - 1] ?? "")) ||
      (token === "FROM" && tokens[at - 1] === "DELETE") ||
      (token === "UPDATE" && BEGINS.has(tokens[at - 1] ?? ""));
    return isWrite
      ? namesFrom(tokens, at + 1)
          .slice(0, 1)
          .flatMap((name) => parseQualifiedName(name)?.name ?? [])
      : [];
  });
  if (targets.includes(table)) return "row";
  const isWhole = tokens.some((token, at) => token === "NEW" && tokens[at + 1] === "." && tokens[at + 2] === "*");
  if (targets.length > 0) return isWhole && event !== "DELETE" ? "row" : "other";
  // A function that it calls may write.
  return tokens.includes("PERFORM") || tokens.some((token, at) => callsAt(tokens, token, at)) ? "other" : "none";
}

/** Words that stand before a parenthesis and call nothing, and functions of PostgreSQL's own that triggers mostly call. */
const NO_CALLS: ReadonlySet<string> = new Set(
  "IF,ELSIF,WHILE,AND,OR,NOT,IN,ANY,ALL,CASE,WHEN,THEN,ELSE,RETURN,VALUES,COALESCE,NULLIF,GREATEST,LEAST,NOW,FORMAT,LOWER,UPPER,TRIM,LENGTH,CONCAT,CLOCK_TIMESTAMP,PG_TRIGGER_DEPTH,CURRENT_SETTING,ROW,NUMERIC,VARCHAR,CHAR".split(
    ",",
  ),
);

function callsAt(tokens: readonly string[], token: string, at: number): boolean {
  return tokens[at + 1] === "(" && /^["A-Z_\u0080-\uffff]/.test(token) && !NO_CALLS.has(token);
}

/** What a statement stands behind. */
const BEGINS: ReadonlySet<string> = new Set(["BEGIN", "THEN", "ELSE", "LOOP", ";", "(", ">>"]);
/** Levels of RAISE that are no errors. */
const MESSAGES: ReadonlySet<string> = new Set(["DEBUG", "LOG", "INFO", "NOTICE", "WARNING"]);

/**
 * What the RETURNs of a body give that can be reached: "NULL", "NEW", "OLD", or "" for anything else. What stands behind an error or a RETURN
 * that no condition keeps from being reached is none of them.
 */
function returnsOf(tokens: readonly string[]): string[] {
  const returned: string[] = [];
  /** Whether each open block is entered on a condition. */
  const open: boolean[] = [];
  let isOver = false;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!;
    const isFirst = BEGINS.has(tokens[at - 1] ?? ";");
    if (token === "END") {
      open.pop();
      if (/^(?:IF|CASE|LOOP)$/.test(tokens[at + 1] ?? "")) at++;
    } else if (token === "BEGIN" && isFirst) open.push(false);
    else if (token === "LOOP" || token === "CASE" || (token === "IF" && isFirst)) open.push(true);
    else if (token === "EXCEPTION" && isFirst) {
      // A handler is entered from wherever something fails.
      open[open.length - 1] = true;
      isOver = false;
    } else if (!isOver && isFirst && (token === "RETURN" || token === "RAISE")) {
      if (token === "RETURN") {
        const end = tokens.indexOf(";", at);
        const value = tokens.slice(at + 1, end < 0 ? undefined : end);
        returned.push(value.length === 1 && /^(?:NULL|NEW|OLD)$/.test(value[0]!) ? value[0]! : "");
      } else if (MESSAGES.has(tokens[at + 1] ?? "")) continue;
      isOver = !open.includes(true);
    }
  }
  return returned;
}
