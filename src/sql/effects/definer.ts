import { foldedName, namesFrom, writtenName } from "../lexer/token-names.ts";
import { mayBeSame } from "../names-in.ts";
import type { Statement } from "../statement.ts";

/** A function or procedure, as a statement names it. */
export interface NamedRoutine {
  /** Folded, with a schema where one is written. */
  readonly name: string;
  /** How many values it takes; undefined where the parentheses are left out. */
  readonly takes: number | undefined;
}

/** A function that a statement makes, replaces or alters. */
export interface WrittenRoutine extends NamedRoutine {
  /** "FUNCTION app.leak" */
  readonly what: string;
  readonly isMade: boolean;
  /** Whether it is said to run with the rights of its owner. Triggers call functions that nobody else can: these are none. */
  readonly isDefiner: boolean;
  /** Whom it is given to. */
  readonly owner: string | undefined;
}

/** CREATE [OR REPLACE] FUNCTION f(int) ..., ALTER FUNCTION f SECURITY DEFINER. Pure. */
export function writtenRoutine(statement: Statement): WrittenRoutine | undefined {
  const { firstWord, words } = statement;
  if (firstWord !== "CREATE" && firstWord !== "ALTER") return undefined;
  const at = words.findIndex((token) => KIND.test(token));
  if (at !== 1 && at !== 3) return undefined;
  const tokens = statement.tokens();
  const parameters = tokens.indexOf("(", at);
  const returns = tokens.indexOf("RETURNS", parameters);
  const isOfTrigger = returns > 0 && /^(?:EVENT_)?TRIGGER$/.test(tokens[returns + 1] ?? "");
  const name = foldedName(namesFrom(tokens, at + 1)[0] ?? "");
  const owner = firstWord === "ALTER" ? tokens.indexOf("OWNER") : -1;
  return {
    name,
    // ALTER FUNCTION may leave the parentheses out.
    takes: parameters < 0 ? undefined : valuesTaken(tokens, parameters),
    what: `${tokens[at]} ${name}`,
    isMade: firstWord === "CREATE",
    isDefiner: !isOfTrigger && isDefiner(tokens),
    owner: owner > 0 ? foldedName(tokens[owner + 2] ?? "") : undefined,
  };
}

const KIND = /^(?:FUNCTION|PROCEDURE|ROUTINE)$/;
const KINDS = /^(?:FUNCTION|PROCEDURE|ROUTINE)S?$/;

function isDefiner(tokens: readonly string[]): boolean {
  return tokens.some((token, at) => token === "SECURITY" && tokens[at + 1] === "DEFINER");
}

/** A right to call functions that everybody is given, or that is taken from everybody. */
export interface PublicCalls {
  readonly isGiven: boolean;
  /** Whether it is about new functions, of the role that runs it: ALTER DEFAULT PRIVILEGES. */
  readonly isOfNew: boolean;
  /** Those that it names; undefined for all of `schemas`. */
  readonly routines: readonly NamedRoutine[] | undefined;
  readonly schemas: readonly string[];
}

/** GRANT or REVOKE ... ON FUNCTION f(int), g TO or FROM PUBLIC, or of all of a schema, or of new ones. Pure. */
export function publicCalls(statement: Statement): PublicCalls | undefined {
  const { firstWord = "", text } = statement;
  if (!/^(?:GRANT|REVOKE|ALTER)$/.test(firstWord) || !/\bpublic\b/i.test(text)) return undefined;
  const tokens = statement.tokens();
  const verb = tokens.findIndex((token) => token === "GRANT" || token === "REVOKE");
  const isDefault = firstWord === "ALTER" && tokens[1] === "DEFAULT";
  if (firstWord === "ALTER" && !isDefault) return undefined;
  // One that only takes the right to pass it on leaves it.
  if (tokens[verb + 1] === "GRANT" && tokens[verb + 2] === "OPTION") return undefined;
  const on = tokens.indexOf("ON", verb);
  const end = tokens.findIndex((token, at) => at > on && (token === "TO" || token === "FROM"));
  const isAll = tokens[on + 1] === "ALL";
  const kind = tokens[isAll ? on + 2 : on + 1] ?? "";
  if (verb < 0 || on < 0 || end < 0 || !KINDS.test(kind) || !tokens.slice(end).includes("PUBLIC")) return undefined;
  const isGiven = tokens[verb] === "GRANT";
  if (isDefault) {
    // What holds for a schema only adds to what holds everywhere, and what another role makes counts where it is given to everybody.
    const isOfNew = isGiven || !tokens.slice(0, verb).some((token) => token === "IN" || token === "FOR");
    return isOfNew ? { isGiven, isOfNew, routines: undefined, schemas: [] } : undefined;
  }
  if (isAll) {
    return { isGiven, isOfNew: false, routines: undefined, schemas: namesFrom(tokens, on + 5).map(foldedName) };
  }
  return { isGiven, isOfNew: false, routines: routinesNamed(tokens, on + 2, end), schemas: [] };
}

/** f(int, OUT text), app.g */
function routinesNamed(tokens: readonly string[], from: number, end: number): NamedRoutine[] {
  const routines: NamedRoutine[] = [];
  let at = from;
  while (at < end) {
    let name = tokens[at] ?? "";
    while (tokens[at + 1] === ".") {
      name += `.${tokens[at + 2] ?? ""}`;
      at += 2;
    }
    const hasParameters = tokens[at + 1] === "(";
    routines.push({ name: foldedName(name), takes: hasParameters ? valuesTaken(tokens, at + 1) : undefined });
    let depth = 0;
    do {
      at++;
      depth += tokens[at] === "(" ? 1 : tokens[at] === ")" ? -1 : 0;
    } while (at < end && (depth > 0 || tokens[at] !== ","));
    at++;
  }
  return routines;
}

/**
 * Whether a right is about a function. Pure.
 * @param home the schema of what is named without one; undefined where that may be any
 */
export function isAbout(
  { routines, schemas, isOfNew }: PublicCalls,
  routine: NamedRoutine,
  home: string | undefined,
): boolean {
  if (isOfNew) return false;
  if (routines === undefined) {
    const schema = schemaOf(routine.name) ?? home;
    return schema === undefined || schemas.some((one) => writtenName(one) === writtenName(schema));
  }
  return routines.some((one) => isSameRoutine(one, routine));
}

function schemaOf(name: string): string | undefined {
  return /^((?:"[^"]*")+|[^".]+)\./.exec(name)?.[1];
}

/** Where what is named without a schema is, while statements run: anywhere once one of them says where to look. Pure. */
export function homeSchema(statements: readonly Statement[], current: string | undefined): string | undefined {
  const moves = statements.some(
    ({ firstWord = "", text }) => /^(?:SET|SELECT)$/.test(firstWord) && /\bsearch_path\b/i.test(text),
  );
  return moves ? undefined : (current ?? "public");
}

/**
 * Whether everybody may call a function in the end. Pure.
 * @param behind statements from where it is there, in the order in which they run
 * @param before whether everybody may call it there
 */
export function isCallable(
  routine: NamedRoutine,
  behind: readonly Statement[],
  before: boolean,
  home: string | undefined,
): boolean {
  const rights = behind.flatMap((statement) => publicCalls(statement) ?? []);
  return rights.findLast((right) => isAbout(right, routine, home))?.isGiven ?? before;
}

/**
 * The same of one that statements make or alter.
 * @param known whether everybody may call it before them; undefined where it is not there
 * @param isNewCallable whether everybody may call what is made before any of them runs
 */
export function isCallableInTheEnd(
  routine: NamedRoutine,
  all: readonly Statement[],
  known: boolean | undefined,
  isNewCallable: boolean,
  home: string | undefined,
): boolean {
  if (known !== undefined) return isCallable(routine, all, known, home);
  const made = all.findIndex((statement) => {
    const written = writtenRoutine(statement);
    return written?.isMade === true && isSameRoutine(written, routine);
  });
  const rights = all.slice(0, Math.max(made, 0)).flatMap((statement) => publicCalls(statement) ?? []);
  const atFirst = rights.findLast(({ isOfNew }) => isOfNew)?.isGiven ?? isNewCallable;
  return isCallable(routine, all.slice(made + 1), atFirst, home);
}

/** Whether two may be the same. Pure. */
export function isSameRoutine(one: NamedRoutine, other: NamedRoutine): boolean {
  const isSame = one.takes === undefined || other.takes === undefined || one.takes === other.takes;
  return isSame && mayBeSame(one.name, other.name);
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
