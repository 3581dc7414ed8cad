import type { Statement } from "./statement.ts";
import { foldedName, namesAltered, namesFrom } from "./token-names.ts";

/** Rows that a statement may open to others, depending on what the table or function is. */
export interface Opened {
  /** The table, folded, of which this is true where it has row level security already; undefined where it is no matter of a table. */
  readonly table: string | undefined;
  /** Goes on from "exposes". */
  readonly what: string;
}

/**
 * What a statement opens that its text alone does not tell: a policy that lets more rows through, a table that is given to an owner
 * whom policies do not hold for, and a function that reads with the rights of its owner (SECURITY DEFINER), which PUBLIC may call
 * unless that is taken away. Pure.
 */
export function openedBy(statement: Statement): Opened | undefined {
  const { firstWord, words, text } = statement;
  if (firstWord !== "ALTER" && firstWord !== "CREATE") return undefined;
  if (words[1] === "POLICY") return ofPolicy(statement.tokens());
  if (firstWord === "ALTER" && words[1] === "TABLE") {
    return /\bowner\b/i.test(text) ? ofOwner(statement.tokens()) : undefined;
  }
  return /\bdefiner\b/i.test(text) ? ofDefiner(statement.tokens()) : undefined;
}

/** Whether one of the statements behind it takes from PUBLIC the right to call functions. Pure. */
export function isTakenBack(later: readonly Statement[]): boolean {
  return later.some(
    ({ firstWord, text }) =>
      firstWord === "REVOKE" && /\b(?:functions?|procedures?|routines?)\b[^]*\bpublic\s*$/i.test(text),
  );
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
  return {
    table: undefined,
    what: `what ${what} reads with its owner's rights to whoever may call it (SECURITY DEFINER)`,
  };
}

function isDefiner(tokens: readonly string[]): boolean {
  return tokens.some((token, at) => token === "SECURITY" && tokens[at + 1] === "DEFINER");
}
