import type { Statement } from "../statement.ts";

/** Statements whose purpose is to run code: what that does cannot be read off them. */
const CODE: ReadonlySet<string> = new Set(["DO", "CALL"]);
/** Definitions, whose statements run later if ever. */
const DEFINES: ReadonlySet<string> = new Set(["FUNCTION", "PROCEDURE", "RULE", "TRIGGER", "POLICY", "EVENT"]);
/** What ALTER COLUMN and ALTER DOMAIN drop without taking anything away that was stored. */
const PROPERTIES: ReadonlySet<string> = new Set(["NOT", "DEFAULT", "EXPRESSION"]);
/** ALTER of these only changes which objects belong to it. */
const MEMBERSHIPS: ReadonlySet<string> = new Set(["EXTENSION", "PUBLICATION", "SUBSCRIPTION"]);

/**
 * What a statement takes away, in a few words ("drops TABLE users", "updates rows of users"), or undefined when it takes
 * nothing: objects, columns and constraints that are dropped, rows or values that are deleted, changed or
 * converted, and rows that are not found in a table any more. Functions that a statement calls are not looked into. Pure.
 */
export function lossOf(statement: Statement): string | undefined {
  const first = statement.firstWord;
  if (first === undefined) return undefined;
  if (CODE.has(first)) return `${first} runs code, and what that does is not known`;
  // Most statements have none of these words, and some are megabytes long.
  if (!/^(?:DROP|TRUNCATE|ALTER)$/.test(first) && !HINT.test(statement.text)) return undefined;
  const tokens = statement.tokens();
  switch (first) {
    case "DROP":
      return `drops ${phrase(tokens.slice(1))}`;
    case "TRUNCATE":
      return `deletes all rows of ${phrase(without(tokens.slice(1), "TABLE"))}`;
    case "ALTER":
      return lossOfAlter(tokens);
    case "CREATE":
      return createsCode(tokens) ? lossOfRule(tokens) : lossOfRows(tokens);
    case "REFRESH": {
      const isEmptied = tokens.at(-1) === "DATA" && tokens.at(-2) === "NO";
      // REFRESH MATERIALIZED VIEW v WITH NO DATA; CONCURRENTLY is refused with it.
      return isEmptied ? `empties MATERIALIZED VIEW ${relation(tokens, 3)}` : undefined;
    }
    case "EXPLAIN":
      return tokens.includes("ANALYZE") || tokens.includes("ANALYSE") ? lossOfRows(tokens) : undefined;
    default:
      return lossOfRows(tokens);
  }
}

const HINT = /\b(?:delete|update|merge|instead|lo_unlink|lo_truncate|lo_truncate64|lo_put|lowrite|no\s+data)\b/i;

/**
 * CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING, or SELECT 1: what is written is gone, and nobody is told. Or DO DELETE FROM u:
 * rows go when others are written.
 */
function lossOfRule(tokens: readonly string[]): string | undefined {
  const at = tokens[1] === "OR" ? 3 : 1;
  const to = tokens.indexOf("TO", at);
  const instead = tokens.indexOf("INSTEAD", to);
  const event = tokens[to - 1] ?? "";
  if (tokens[at] !== "RULE" || to < 0 || event === "SELECT") return undefined;
  const deletes = tokens.findIndex((token, index) => index > to && token === "DELETE" && tokens[index + 1] === "FROM");
  const on = `lets ${event} on ${relation(tokens, to + 1)}`;
  const rule = `(RULE ${relation(tokens, at + 1)})`;
  // What INSTEAD deletes is what was to be deleted.
  if (deletes > 0 && (event !== "DELETE" || instead < 0))
    return `${on} delete rows of ${relation(tokens, deletes + 2)} ${rule}`;
  if (instead < 0) {
    const updates = tokens.findIndex((token, index) => index > to && token === "UPDATE");
    return updates > 0 ? `${on} change rows of ${relation(tokens, updates + 1)} ${rule}` : undefined;
  }
  const actions = tokens.slice(instead + 1);
  if (actions.some((token) => WRITES.has(token))) return undefined;
  const does = actions[0] === "NOTHING" ? "do nothing" : "write nothing";
  return `${on} ${does} ${rule}`;
}

const WRITES: ReadonlySet<string> = new Set(["INSERT", "UPDATE", "DELETE"]);

function createsCode(tokens: readonly string[]): boolean {
  return tokens.slice(1, 5).some((token) => DEFINES.has(token));
}

/** DELETE, UPDATE and MERGE, at the top level or in a WITH clause, and INSERT ... ON CONFLICT DO UPDATE. */
function lossOfRows(tokens: readonly string[]): string | undefined {
  for (const [at, token] of tokens.entries()) {
    const before = tokens[at - 1];
    const after = tokens[at + 1];
    if (LARGE_OBJECTS.has(token) && after === "(") return `changes or deletes large objects (${token.toLowerCase()})`;
    if (token === "UPDATE" && before === "DO") return "updates rows that are there already";
    if (!beginsStatement(tokens, at)) continue;
    if (token === "DELETE" && after === "FROM") return `deletes rows of ${relation(tokens, at + 2)}`;
    if (token === "UPDATE" && after !== undefined && after !== ")" && after !== ",") {
      return `updates rows of ${relation(tokens, at + 1)}`;
    }
    if (token === "MERGE" && after === "INTO") {
      const rest = tokens.slice(at);
      const changes = rest.some((word, index) => word === "THEN" && /^(?:UPDATE|DELETE)$/.test(rest[index + 1] ?? ""));
      if (changes) return `updates or deletes rows of ${relation(tokens, at + 2)}`;
    }
  }
  return undefined;
}

/** Functions of PostgreSQL itself that take away what a large object holds. */
const LARGE_OBJECTS: ReadonlySet<string> = new Set(["LO_UNLINK", "LO_TRUNCATE", "LO_TRUNCATE64", "LO_PUT", "LOWRITE"]);

/** A statement begins at the start, in parentheses, and behind a WITH clause or the words that run or keep it. */
function beginsStatement(tokens: readonly string[], at: number): boolean {
  const before = tokens[at - 1];
  return before === undefined || before === "(" || before === ")" || /^(?:AS|ANALY[ZS]E|VERBOSE)$/.test(before);
}

function lossOfAlter(tokens: readonly string[]): string | undefined {
  if (MEMBERSHIPS.has(tokens[1] ?? "")) return undefined;
  const begin = tokens.findIndex((token, at) => at > 1 && ACTIONS.has(token));
  const what = phrase(tokens.slice(1, begin));
  const drops: string[] = [];
  let hides: string | undefined;
  let converts = false;
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    if (token === "(") depth++;
    else if (token === ")") depth--;
    if (depth > 0) continue;
    const after = tokens[at + 1] ?? "";
    if (token === "DROP" && at > 1 && !PROPERTIES.has(after)) {
      const end = tokens.findIndex((later, index) => index > at && later === ",");
      drops.push(phrase(tokens.slice(at + 1, end < 0 ? undefined : end)));
    }
    if (token === "DETACH" && after === "PARTITION") {
      hides = `takes PARTITION ${relation(tokens, at + 2)} with its rows out of ${what}`;
    } else if (token === "INHERIT" && tokens[at - 1] === "NO" && (at - 1 === begin || tokens[at - 2] === ",")) {
      // Elsewhere it ends a constraint.
      hides = `takes the rows of ${what} out of ${relation(tokens, at + 1)}`;
    }
    if (token === "UNLOGGED" && tokens[at - 1] === "SET")
      hides = `lets a crash of the server empty ${what} (SET UNLOGGED)`;
    converts ||= token === "TYPE" && isConversion(tokens, at);
  }
  if (hides !== undefined) return hides;
  if (drops.length > 0) return `drops ${drops.join(" and ")} of ${what}`;
  return converts ? `converts values of ${what}` : undefined;
}

const ACTIONS: ReadonlySet<string> = new Set([
  "DROP",
  "ADD",
  "ALTER",
  "SET",
  "RENAME",
  "VALIDATE",
  "DETACH",
  "ATTACH",
  "NO",
]);

/** ALTER [COLUMN] name [SET DATA] TYPE; every value fits into text. */
function isConversion(tokens: readonly string[], at: number): boolean {
  const named = tokens[at - 1] === "DATA" ? at - 3 : at - 1;
  const isColumn =
    tokens[named - 1] === "ALTER" ? named > 1 : tokens[named - 1] === "COLUMN" || tokens[named - 1] === "ATTRIBUTE";
  const rest = tokens.slice(at + 1);
  const isText = rest[0] === "TEXT" && (rest.length === 1 || rest[1] === ",");
  return isColumn && !isText;
}

function relation(tokens: readonly string[], from: number): string {
  let at = tokens[from] === "ONLY" ? from + 1 : from;
  let name = tokens[at] ?? "";
  while (tokens[at + 1] === ".") {
    name += `.${tokens[at + 2] ?? ""}`;
    at += 2;
  }
  return written(name);
}

/** Tokens as one would write them, with an end for those who name very many. */
function phrase(tokens: readonly string[]): string {
  const shown = tokens.slice(0, 12);
  const text = shown.map((token) => written(token)).join(" ");
  return (
    text
      .replaceAll(/ ?\. ?/g, ".")
      .replaceAll(/ ([,)])/g, "$1")
      .replaceAll("( ", "(") + (shown.length < tokens.length ? " ..." : "")
  );
}

/** Words of the language stay in capitals; names are folded as PostgreSQL folds them. */
function written(token: string): string {
  return KEYWORDS.has(token) || /[^\w.]/.test(token) ? token : token.toLowerCase();
}

const KEYWORDS: ReadonlySet<string> = new Set(
  "TABLE COLUMN CONSTRAINT INDEX VIEW MATERIALIZED SCHEMA TYPE DOMAIN FUNCTION PROCEDURE ROUTINE AGGREGATE SEQUENCE TRIGGER RULE POLICY EXTENSION ROLE USER DATABASE FOREIGN SERVER CAST OPERATOR CLASS FAMILY COLLATION STATISTICS PUBLICATION SUBSCRIPTION OWNED BY ON FOR IF EXISTS CONCURRENTLY CASCADE RESTRICT ATTRIBUTE IDENTITY ONLY EVENT LANGUAGE TRANSFORM ACCESS METHOD TEXT SEARCH CONFIGURATION DICTIONARY PARSER TEMPLATE CONVERSION TABLESPACE".split(
    " ",
  ),
);

function without(tokens: readonly string[], word: string): readonly string[] {
  return tokens[0] === word ? tokens.slice(1) : tokens;
}
