import type { Statement } from "../statement.ts";
import { foldedName, namesAltered, namesFrom } from "../lexer/token-names.ts";

/** Rows that a statement may open to others, depending on what the table or function is. */
export interface Opened {
  /** The table, folded, of which this is true where it has row level security already; undefined where it is no matter of a table. */
  readonly table: string | undefined;
  /** Another table, folded: where that has row level security as well, its own policies hold for whoever reads through it. */
  readonly through?: string;
  /** A role, folded, of which this is true where it is a superuser, or policies do not hold for it. */
  readonly role?: string;
  /** A function, folded and without its schema, with how many values it takes. */
  readonly routine?: { readonly name: string; readonly takes: number };
  /** Goes on from "exposes". */
  readonly what: string;
}

/**
 * What a statement opens that its text alone does not tell: a policy that lets more rows through, a table that is given to an owner
 * whom policies do not hold for, or becomes a part of another, a membership in a role that no policy stops, and a function that reads with the rights of its owner (SECURITY DEFINER), which PUBLIC may call
 * unless that is taken away. Pure.
 */
export function openedBy(statement: Statement): Opened | undefined {
  const { firstWord, words, text } = statement;
  if (firstWord === "GRANT") return ofMembership(statement.tokens());
  if (firstWord !== "ALTER" && firstWord !== "CREATE") return undefined;
  if (words[1] === "POLICY") return ofPolicy(statement.tokens());
  if (firstWord === "ALTER" && words[1] === "TABLE") {
    if (/\bowner\b/i.test(text)) return ofOwner(statement.tokens());
    return /\b(?:inherit|attach)\b/i.test(text) ? ofPart(statement.tokens()) : undefined;
  }
  return /\bdefiner\b/i.test(text) ? ofDefiner(statement.tokens()) : undefined;
}

/** Whether statements behind it take from PUBLIC the right to call the function, and do not give it again. Pure. */
export function isTakenBack(later: readonly Statement[], routine: Opened["routine"]): boolean {
  const last = later.findLast((statement) => isAboutRoutine(statement, routine));
  return last?.firstWord === "REVOKE";
}

/** GRANT or REVOKE ... ON FUNCTION f(int), g TO or FROM PUBLIC, or of all of a schema */
function isAboutRoutine(statement: Statement, routine: Opened["routine"]): boolean {
  const { firstWord = "", text } = statement;
  if (!/^(?:GRANT|REVOKE)$/.test(firstWord) || !/\b(?:functions?|procedures?|routines?)\b[^]*\bpublic\b/i.test(text))
    return false;
  const tokens = statement.tokens();
  const on = tokens.indexOf("ON");
  if (tokens[on + 1] === "ALL" || routine === undefined) return true;
  const end = tokens.findIndex((token, at) => at > on && (token === "TO" || token === "FROM"));
  for (let at = on + 2; at < end; at++) {
    if (foldedName(tokens[at]!) !== routine.name || tokens[at + 1] === ".") continue;
    if (tokens[at + 1] !== "(" || valuesTaken(tokens, at + 1) === routine.takes) return true;
  }
  return false;
}

/** How many values a function takes, by the parentheses behind its name. */
function valuesTaken(tokens: readonly string[], open: number): number {
  let depth = 0;
  let values = 0;
  for (let at = open; at < tokens.length; at++) {
    const token = tokens[at];
    const begins = depth === 1 && (tokens[at - 1] === "(" || tokens[at - 1] === ",");
    if (begins && token !== ")" && token !== "OUT") values++;
    if (token === "(") depth++;
    else if (token === ")" && --depth === 0) break;
  }
  return values;
}

/** GRANT admin, app TO web; READERS have words of their own. */
function ofMembership(tokens: readonly string[]): Opened | undefined {
  const to = tokens.indexOf("TO");
  if (tokens.includes("ON") || to < 0) return undefined;
  const [role = ""] = namesFrom(tokens, 1).map(foldedName);
  const members = namesFrom(tokens, to + 1).map(foldedName);
  return {
    table: undefined,
    role,
    what: `whatever ROLE ${role} may see, whom no policy stops, to ROLE ${members.join(", ")} (GRANT ${role})`,
  };
}

/** ALTER TABLE notes INHERIT all_notes, ALTER TABLE all_notes ATTACH PARTITION notes */
function ofPart(tokens: readonly string[]): Opened | undefined {
  const at = tokens.findIndex(
    (token, index) =>
      (token === "INHERIT" && tokens[index - 1] !== "NO") || (token === "ATTACH" && tokens[index + 1] === "PARTITION"),
  );
  const [altered] = namesAltered(tokens);
  const [named] = namesFrom(tokens, tokens[at] === "ATTACH" ? at + 2 : at + 1);
  if (at < 0 || altered === undefined || named === undefined) return undefined;
  const isAttached = tokens[at] === "ATTACH";
  const table = foldedName(isAttached ? named : altered);
  const through = foldedName(isAttached ? altered : named);
  const how = isAttached ? "ATTACH PARTITION" : "INHERIT";
  return {
    table,
    through,
    what: `rows of ${table} to whoever may read ${through}, where its policies do not hold (${how})`,
  };
}

/** CREATE POLICY own ON notes [AS RESTRICTIVE] ..., ALTER POLICY own ON notes TO web USING (true) */
function ofPolicy(tokens: readonly string[]): Opened | undefined {
  const on = tokens.indexOf("ON", 3);
  const isRename = tokens[0] === "ALTER" && tokens.includes("RENAME");
  if (on < 0 || isRename) return undefined;
  const [name = ""] = namesFrom(tokens, on + 1);
  const table = foldedName(name);
  // A restrictive one only takes rows away.
  const as = tokens.indexOf("AS", on);
  if (tokens[0] === "CREATE" && as > 0 && as <= on + 4 && tokens[as + 1] === "RESTRICTIVE") return undefined;
  const how = `(${tokens[0]} POLICY ${foldedName(tokens[2] ?? "")})`;
  return { table, what: `rows of ${table} that its policies may have kept from others ${how}` };
}

function ofOwner(tokens: readonly string[]): Opened | undefined {
  const at = tokens.findIndex((token, index) => token === "OWNER" && tokens[index + 1] === "TO");
  const [name] = namesAltered(tokens);
  if (at < 0 || name === undefined) return undefined;
  const table = foldedName(name);
  const owner = foldedName(tokens[at + 2] ?? "");
  return { table, what: `every row of ${table} to ROLE ${owner}, as policies do not hold for its owner (OWNER TO)` };
}

/** Triggers call functions that nobody else can. */
function ofDefiner(tokens: readonly string[]): Opened | undefined {
  const at = tokens.findIndex((token) => /^(?:FUNCTION|PROCEDURE|ROUTINE)$/.test(token));
  if ((at !== 1 && at !== 3) || !isDefiner(tokens)) return undefined;
  const parameters = tokens.indexOf("(", at);
  const returns = tokens.indexOf("RETURNS", parameters);
  if (returns > 0 && /^(?:EVENT_)?TRIGGER$/.test(tokens[returns + 1] ?? "")) return undefined;
  const [name = ""] = namesFrom(tokens, at + 1);
  const what = `${tokens[at]} ${foldedName(name)}`;
  const bare = foldedName(tokens[parameters - 1] ?? "");
  return {
    table: undefined,
    // ALTER FUNCTION may leave the parentheses out.
    ...(parameters < 0 ? {} : { routine: { name: bare, takes: valuesTaken(tokens, parameters) } }),
    what: `what ${what} reads with its owner's rights to whoever may call it (SECURITY DEFINER)`,
  };
}

function isDefiner(tokens: readonly string[]): boolean {
  return tokens.some((token, at) => token === "SECURITY" && tokens[at + 1] === "DEFINER");
}
