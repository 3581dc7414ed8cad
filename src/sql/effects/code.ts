import { Statement } from "../statement.ts";
import { statementsInCode } from "../statements-in-code.ts";
import { codeIn, isString } from "../strings-in-code.ts";
import { writtenName } from "../lexer/token-names.ts";
import { lossOf } from "./loss.ts";
import { reachOf } from "./outside.ts";
import { TAKING_WORDS } from "./taking-code.ts";

/** A function or procedure in SQL or a procedural language, or something else that runs such when it is used. */
export interface Code {
  /** Schema and name, or the name alone where that is how it is made; "the query of VIEW v". */
  readonly name: string;
  readonly takes: boolean;
  /** Whether rows or tables are gone by its words: what code puts together, and other objects that it drops, are left out. */
  readonly takesRows: boolean;
  /** Names, without schemas, of what its body may call. */
  readonly calls: readonly string[];
  /** Statements in its body that are about objects and rights. */
  readonly statements: readonly Statement[];
  /** It came with an extension, and cannot be read. */
  readonly isOfExtension?: true;
}

/** What it does to a table wakes a function. ALTER reads rows again, and may write them. */
export type WakingEvent = "INSERT" | "UPDATE" | "ALTER";

/** Rows of a table that come or change run this. */
export interface Wake {
  /** Without its schema. */
  readonly table: string;
  readonly event: WakingEvent;
  /** The key of a `Code`. */
  readonly routine: string;
}

/** Statements about objects run the function of this one. */
export interface EventTrigger {
  readonly name: string;
  /** "ddl_command_end", in lower case */
  readonly event: string;
  /** The commands that it is for; none for all of them. */
  readonly tags: readonly string[];
  readonly routine: string;
}

/** What a definition lets others run. */
export interface MadeCode {
  /** By the name, without its schema, or the sign that runs them, or by `usedKey`. */
  readonly codes: readonly (readonly [key: string, code: Code])[];
  readonly wakes: readonly Wake[];
  readonly eventTriggers: readonly EventTrigger[];
}

/** By what a view, a domain or a type that is cast to is found: a function may be called the same. Pure. */
export function usedKey(name: string): string {
  return `${name} used`;
}

const NOTHING: MadeCode = { codes: [], wakes: [], eventTriggers: [] };

/**
 * What a CREATE or ALTER lets later statements run: a function, a trigger, the expressions of a table, a domain or a view, the
 * functions of an aggregate, an operator or a cast. Pure.
 * @param isKnown whether a name is that of a domain whose CHECK runs something
 */
export function codeMade(statement: Statement, isKnown: (name: string) => boolean): MadeCode {
  const { firstWord, words } = statement;
  if (firstWord !== "CREATE" && firstWord !== "ALTER") return NOTHING;
  const at = words[1] === "OR" ? 3 : 1;
  switch (words[at]) {
    case "FUNCTION":
    case "PROCEDURE":
      return firstWord === "CREATE" ? { ...NOTHING, codes: [madeRoutine(statement, at)] } : NOTHING;
    case "CONSTRAINT":
    case "TRIGGER":
      return { ...NOTHING, wakes: madeTriggers(statement) };
    case "EVENT":
      return firstWord === "CREATE" ? { ...NOTHING, eventTriggers: madeEventTriggers(statement.tokens()) } : NOTHING;
    case "AGGREGATE":
      return madeOfFunctions(statement.tokens(), at + 1, `AGGREGATE`);
    case "OPERATOR":
      return madeOfFunctions(statement.tokens(), at + 1, `OPERATOR`);
    case "DOMAIN":
      return madeByName(statement.tokens(), 2, "the CHECK of DOMAIN");
    case "CAST":
      return madeCast(statement.tokens());
    default:
  }
  if (words.slice(1, 5).includes("VIEW") && /\(/.test(statement.text)) {
    const tokens = statement.tokens();
    return madeByName(tokens, tokens.indexOf("VIEW") + 1, "the query of VIEW");
  }
  if (words.slice(1, 3).includes("TABLE") && /\(/.test(statement.text)) return ofTable(statement.tokens(), isKnown);
  return NOTHING;
}

/** CREATE TABLE t (a int CHECK (f(a))), ALTER TABLE t ADD CHECK (f(a)) */
function ofTable(tokens: readonly string[], isKnown: (name: string) => boolean): MadeCode {
  const from = tokens.indexOf("TABLE") + 1;
  const table = lastOf(tokens, afterExists(tokens, from));
  const used = tokens.slice(from).filter(isName).map(writtenName).filter(isKnown);
  const run = new Set([...calledIn(tokens), ...used.map(usedKey)]);
  return { ...NOTHING, wakes: [...run].flatMap((routine) => EVENTS.map((event) => ({ table, event, routine }))) };
}

const EVENTS = ["INSERT", "UPDATE", "ALTER"] as const;

function madeByName(tokens: readonly string[], from: number, what: string): MadeCode {
  const calls = calledIn(tokens);
  if (calls.length === 0) return NOTHING;
  const name = lastOf(tokens, afterExists(tokens, from));
  return { ...NOTHING, codes: [[usedKey(name), callsAlone(`${what} ${name}`, calls)]] };
}

/** CREATE CAST (a AS b) WITH FUNCTION f(a) */
function madeCast(tokens: readonly string[]): MadeCode {
  const at = tokens.indexOf("FUNCTION");
  if (at < 0) return NOTHING;
  const as = tokens.indexOf("AS");
  const type = lastOf(tokens, as + 1);
  return { ...NOTHING, codes: [[usedKey(type), callsAlone(`the CAST to ${type}`, [lastOf(tokens, at + 1)])]] };
}

/** CREATE AGGREGATE total(int) (SFUNC = add, STYPE = int), CREATE OPERATOR === (FUNCTION = same, ...) */
function madeOfFunctions(tokens: readonly string[], from: number, what: string): MadeCode {
  const calls = tokens.flatMap((token, at) =>
    /FUNC(?:TION)?$|^PROCEDURE$/.test(token) && tokens[at + 1] === "=" ? [lastOf(tokens, at + 2)] : [],
  );
  const name = lastOf(tokens, from);
  return calls.length === 0 ? NOTHING : { ...NOTHING, codes: [[name, callsAlone(`${what} ${name}`, calls)]] };
}

/** What does nothing of its own. Pure. */
export function callsAlone(name: string, calls: readonly string[]): Code {
  return { name, takes: false, takesRows: false, calls, statements: [] };
}

function afterExists(tokens: readonly string[], from: number): number {
  const at = tokens.indexOf("EXISTS", from);
  return tokens[from] === "IF" && at > 0 ? at + 1 : from;
}

/** The last part of the name that begins there. Pure. */
export function lastOf(tokens: readonly string[], from: number): string {
  let at = tokens[from] === "ONLY" ? from + 1 : from;
  while (tokens[at + 1] === ".") at += 2;
  return writtenName(tokens[at] ?? "");
}

/** Names that stand before a parenthesis, without their schemas. Pure. */
export function calledIn(tokens: readonly string[]): string[] {
  const calls = tokens.flatMap((token, at) => {
    const before = tokens[at - 1];
    return token === "(" && before !== undefined && isName(before) ? [writtenName(before)] : [];
  });
  return [...new Set(calls)];
}

/** Functions of PostgreSQL and of its own extensions that run a query which they are given as a text. */
const RUNS_TEXT = /^(?:query_to_xml\w*|ts_stat|ts_rewrite|crosstab\w*|connectby)$/;

/** The same, with what stands in a text that is run as a query. Pure. */
export function calledWithin(tokens: readonly string[]): string[] {
  const calls = calledIn(tokens);
  if (!calls.some((name) => RUNS_TEXT.test(name))) return calls;
  return [...calls, ...codeIn(tokens).flatMap((text) => calledIn(Statement.of(text).tokens()))];
}

/** Whether a token may be a name. Pure. */
export function isName(token: string): boolean {
  return /^["\w\u0080-\uffff]/.test(token) && !/^\d/.test(token) && !isString(token);
}

/** CREATE [OR REPLACE] FUNCTION purge() ... */
function madeRoutine(statement: Statement, at: number): readonly [string, Code] {
  const tokens = statement.tokens();
  const parameters = tokens.indexOf("(", at);
  const name = tokens.slice(at + 1, parameters).map((token) => (token === "." ? token : writtenName(token)));
  const bare = name.at(-1) ?? "";
  const language = languageOf(tokens.slice(parameters));
  if (!READ.has(language) && tokens.every((token) => token !== "IMMUTABLE" && token !== "STABLE")) {
    return [bare, unreadable(name.join(""), language)];
  }
  return [bare, { name: name.join(""), ...readCode(tokens.slice(parameters), true) }];
}

/** Languages whose words are known. */
const READ: ReadonlySet<string> = new Set(["sql", "plpgsql"]);

/** LANGUAGE plperl, LANGUAGE 'plperl'; without one it is SQL. */
function languageOf(tokens: readonly string[]): string {
  const token = tokens[tokens.indexOf("LANGUAGE") + 1] ?? "";
  if (!tokens.includes("LANGUAGE")) return "sql";
  return isString(token) ? token.slice(1, -1).toLowerCase() : writtenName(token);
}

/** What is written in C, Python or another language, and may do anything. Pure. */
export function unreadable(name: string, language: string): Code {
  return { name: `${name} (LANGUAGE ${language})`, takes: true, takesRows: true, calls: [], statements: [] };
}

/** CREATE [OR REPLACE] [CONSTRAINT] TRIGGER name AFTER INSERT OR UPDATE OF bio ON users ... EXECUTE FUNCTION log() */
function madeTriggers(statement: Statement): Wake[] {
  const at = statement.words.indexOf("TRIGGER");
  const tokens = statement.tokens();
  const on = tokens.indexOf("ON", at);
  const run = tokens.lastIndexOf("EXECUTE");
  if (at < 1 || at > 4 || on < 0 || run < 0) return [];
  const routine = lastOf(tokens, run + 2);
  const events = (["INSERT", "UPDATE"] as const).filter((event) => tokens.slice(at, on).includes(event));
  return events.map((event) => ({ table: lastOf(tokens, on + 1), event, routine }));
}

/** CREATE EVENT TRIGGER name ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION log() */
function madeEventTriggers(tokens: readonly string[]): EventTrigger[] {
  const on = tokens.indexOf("ON");
  const run = tokens.lastIndexOf("EXECUTE");
  if (on < 0 || run < 0) return [];
  const name = writtenName(tokens[3] ?? "");
  const tags = codeIn(tokens.slice(on, run)).map((tag) => tag.toUpperCase());
  return [{ name, event: (tokens[on + 1] ?? "").toLowerCase(), tags, routine: lastOf(tokens, run + 2) }];
}

/** Whether a statement runs the function of an event trigger. Pure. */
export function wakes({ event, tags }: EventTrigger, statement: Statement): boolean {
  const { firstWord = "", words, text } = statement;
  if (!OF_OBJECTS.has(firstWord) || OF_SERVER.has(words[1] ?? "")) return false;
  if (firstWord === "SELECT" && !/\binto\b/i.test(text)) return false;
  if (event === "sql_drop" && firstWord !== "DROP" && !(firstWord === "ALTER" && /\bdrop\b/i.test(text))) return false;
  if (event === "table_rewrite" && firstWord !== "ALTER") return false;
  if (event === "login") return false;
  return (
    tags.length === 0 ||
    tags.some((tag) => {
      const [first, kind] = tag.split(" ");
      return first === firstWord && (kind === undefined || words.includes(kind));
    })
  );
}

const OF_OBJECTS: ReadonlySet<string> = new Set(
  "CREATE,ALTER,DROP,COMMENT,GRANT,REVOKE,REINDEX,REFRESH,SECURITY,SELECT,IMPORT".split(","),
);
/** Event triggers do not wake for what belongs to the whole server, nor for themselves. */
const OF_SERVER: ReadonlySet<string> = new Set("ROLE,USER,GROUP,DATABASE,TABLESPACE,EVENT,SYSTEM".split(","));

/** Functions of PostgreSQL that write to files, to other databases, or to this one by another connection, and that take large objects. */
const OUTSIDE =
  /^(?:dblink(?:_exec|_send_query)?|lo_export|lo_unlink|lo_truncate(?:64)?|pg_file_(?:write|rename|unlink))$/;

const TAKES = new RegExp(String.raw`\b(?:${TAKING_WORDS}|do\s+update)\b`, "i");
const TAKES_ROWS = new RegExp(
  String.raw`\b(?:${TAKING_WORDS.replace("execute|", "").replace("drop|", String.raw`drop\s+(table|schema|column|owned|materialized)|`)})\b`,
  "i",
);

/**
 * What code may do, by its words; comments are none, and neither are strings in it.
 * @param holdsBody whether the strings are the code itself
 */
export function readCode(tokens: readonly string[], holdsBody: boolean): Omit<Code, "name"> {
  const bodies = holdsBody ? codeIn(tokens) : [];
  const all = [tokens, ...bodies.map((body) => Statement.of(body).tokens())];
  const statements = all.flatMap(statementsInCode);
  const calls = all.flatMap(calledWithin);
  const takes =
    all.some((one) => TAKES.test(wordsOf(one))) ||
    statements.some((statement) => lossOf(statement) !== undefined || reachOf(statement) !== undefined) ||
    calls.some((name) => OUTSIDE.test(name));
  // What it puts together stands in strings.
  const takesRows = takes && all.some((one) => TAKES_ROWS.test([wordsOf(one), ...codeIn(one)].join(" ")));
  return { takes, takesRows, calls, statements };
}

function wordsOf(tokens: readonly string[]): string {
  const words = tokens.filter((token) => !isString(token)).map((token) => (token.startsWith('"') ? "name" : token));
  return words.join(" ").replaceAll(" . ", ".");
}
