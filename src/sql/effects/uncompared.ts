import { copyEnd } from "./exposure.ts";
import { rolesIfMissing } from "./missing-roles.ts";
import { COPIES_PROGRAM } from "./outside.ts";
import { inside, type Node, type Parser, strings } from "../parser.ts";
import type { Statement } from "../statement.ts";
import { putTogether, type PutTogether } from "./put-together.ts";
import { changeOfForeign, FOREIGN_RIGHTS, type Made, noteMade, noteMadeBy, nothingMade } from "./foreign-objects.ts";

/** What earlier statements have made, and that does something which no comparison shows whenever it is run. */
export interface Known {
  /** Functions by their names, with what they may do. */
  readonly functions: Map<string, string>;
  /** What happens when rows are written: by triggers, rules and defaults. */
  onRows: string | undefined;
  /** What happens when something is defined: by event triggers. */
  onDefinitions: string | undefined;
  readonly made: Made;
}

export function nothingKnown(): Known {
  return { functions: new Map(), onRows: undefined, onDefinitions: undefined, made: nothingMade() };
}

/** Something that a statement does and that no comparison of two databases shows. */
export interface UncomparedEffect {
  /** What does it; undefined for code that is no SQL, and where what it runs is made elsewhere. */
  readonly statement: Statement | undefined;
  /** "changes a role" */
  readonly what: string;
  /** Certain where the statement itself says so; code only may do it. */
  readonly isSure: boolean;
  /** Of a statement that makes roles where they are missing, and does nothing else: these. */
  readonly ifMissing?: readonly string[] | undefined;
}

const ROLE = "changes a role";
const DATABASE = "changes a database itself";
const SERVER = "changes the server";
const LARGE_OBJECT = "works on large objects";
const PROGRAM = "runs a program on the server";
const SERVER_FILE = "writes a file on the server";
const ELSEWHERE = "works in another database";
const UNTOLD = "changes roles, databases or the server by SQL that it puts together";
const VERSION = "goes by the server's version";

const STATEMENTS: Readonly<Record<string, string>> = {
  CreateRoleStmt: ROLE,
  AlterRoleStmt: ROLE,
  AlterRoleSetStmt: ROLE,
  DropRoleStmt: ROLE,
  GrantRoleStmt: ROLE,
  CreatedbStmt: DATABASE,
  AlterDatabaseStmt: DATABASE,
  AlterDatabaseSetStmt: DATABASE,
  AlterDatabaseRefreshCollStmt: DATABASE,
  DropdbStmt: DATABASE,
  AlterSystemStmt: SERVER,
  CreateTableSpaceStmt: SERVER,
  DropTableSpaceStmt: SERVER,
  AlterTableSpaceOptionsStmt: SERVER,
};

/** What COMMENT, GRANT, OWNER TO, RENAME TO and SECURITY LABEL may be on. */
const OBJECTS: Readonly<Record<string, string>> = {
  OBJECT_ROLE: ROLE,
  OBJECT_DATABASE: DATABASE,
  OBJECT_TABLESPACE: SERVER,
  OBJECT_PARAMETER_ACL: SERVER,
  OBJECT_LARGEOBJECT: LARGE_OBJECT,
};

const LARGE_OBJECT_CALL = /\b(?:lo_\w+|lowrite|loread)\s*\(/i;
const ELSEWHERE_CALL = /\bdblink\w*\s*\(/i;
const SERVER_CALL =
  /\bpg_(?:(?:create|drop|copy)_(?:physical|logical)_replication_slot|drop_replication_slot|reload_conf|promote|file_(?:write|unlink|rename|sync))\s*\(/i;

/** What code may do, by the words in it. */
const CODE: readonly (readonly [RegExp, string])[] = [
  [
    /\b(?:create|alter|drop)\s+(?:role|group|user(?!\s+mapping))\b|\b(?:comment\s+on|security\s+label\s+on)\s+role\b/i,
    ROLE,
  ],
  [/\b(?:grant|revoke)\s+(?:(?!\bon\b)[\w\s",%])+?\s(?:to|from)\b/i, ROLE],
  [/\b(?:create|alter|drop|on)\s+database\b/i, DATABASE],
  [/\balter\s+system\b|\b(?:create|alter|drop|on)\s+tablespace\b|\bon\s+parameter\b/i, SERVER],
  [LARGE_OBJECT_CALL, LARGE_OBJECT],
  [ELSEWHERE_CALL, ELSEWHERE],
  [SERVER_CALL, SERVER],
  [COPIES_PROGRAM, PROGRAM],
  [/\bcopy\b[^;]*\bto\s+'/i, SERVER_FILE],
  [/\bon\s+large\s+object\b/i, LARGE_OBJECT],
  [/\b(?:grant|revoke)\b[^;]*\bon\b[^;]*\b(?:pg_catalog|information_schema)\b/i, FOREIGN_RIGHTS],
];

const ASKS_VERSION = /\bserver_version(?:_num)?\b|\bversion\s*\(\s*\)/i;

/**
 * Which of these statements do, or may do, something that no comparison shows.
 * @param known what earlier statements have made; is told what these make
 */
export function uncomparedEffects(
  statements: readonly Statement[],
  parser: Parser,
  known: Known = nothingKnown(),
): UncomparedEffect[] {
  const { functions } = known;
  return statements.flatMap((statement): UncomparedEffect[] => {
    const { text, firstWord = "" } = statement;
    noteMadeBy(statement, known.made);
    const found: UncomparedEffect[] = [];
    const add = (what: string, isSure: boolean): void => {
      found.push({ statement, what, isSure });
    };
    const [called] = [...functions].find(([name]) => text.includes(name))?.slice(1) ?? [];
    if (firstWord === "DO") {
      const ifMissing = rolesIfMissing(text, parser);
      const effects = inBody(text);
      for (const what of effects) found.push({ statement, what, isSure: false, ifMissing });
      noteCode(text, effects[0], known);
    } else if (firstWord === "CREATE" && /\b(?:function|procedure)\b/i.test(text) && !TRIGGER.test(text)) {
      // A definition does nothing by itself; whoever calls it does.
      const node = parser.parse(text);
      const name = strings(inside(node, "CreateFunctionStmt")?.funcname).at(-1);
      const what = inBody(text)[0] ?? called;
      if (name !== undefined && what !== undefined) functions.set(name, what);
      return definedBy(known);
    } else if (NAMED.test(firstWord)) {
      const what = byTree(parser.parse(text), known.made);
      if (what !== undefined) add(what, true);
    } else {
      for (const [call, what] of CALLS) if (calls(statement, call)) add(what, true);
      const copied = firstWord === "COPY" ? byCopy(statement) : undefined;
      if (copied !== undefined) add(copied, true);
      if (ASKS_VERSION.test(text)) add(VERSION, false);
    }
    const byOthers = DEFINES.test(firstWord) ? definedBy(known) : WRITES.test(firstWord) ? writtenBy(known) : [];
    if (called !== undefined && TRIGGER.test(text)) note(/\bevent\s+trigger\b/i.test(text), called, known);
    else if (called !== undefined && !ONLY_NAMES.test(text)) {
      if (NAMED.test(firstWord)) known.onRows ??= called;
      add(called, false);
    }
    return [...found, ...byOthers];
  });
}

/** Statements that are about a function, and do not run it. */
const ONLY_NAMES = /^\s*(?:grant|revoke|comment|security|drop|alter\s+(?:function|procedure|routine))\b/i;
/** Statements that define a trigger, which run nothing. */
const TRIGGER = /^\s*create\s+(?:or\s+replace\s+)?(?:constraint\s+|event\s+)?trigger\b/i;
const DEFINES = /^(?:CREATE|ALTER|DROP|GRANT|REVOKE|COMMENT|SECURITY|REFRESH|IMPORT|REINDEX|DO|CALL|SELECT)$/;
const WRITES = /^(?:INSERT|UPDATE|DELETE|MERGE|COPY|TRUNCATE|WITH|SELECT|DO|CALL|EXECUTE|REFRESH)$/;

function note(isOnDefinitions: boolean, what: string, known: Known): void {
  if (isOnDefinitions) known.onDefinitions ??= what;
  else known.onRows ??= what;
}

/** What writing rows sets off; a cascade or a rule may lead to any table. */
function writtenBy({ onRows, onDefinitions }: Known): UncomparedEffect[] {
  const what = onRows ?? onDefinitions;
  return what === undefined ? [] : [{ statement: undefined, what, isSure: false }];
}

function definedBy({ onDefinitions }: Known): UncomparedEffect[] {
  return onDefinitions === undefined ? [] : [{ statement: undefined, what: onDefinitions, isSure: false }];
}

/** Remembers what code makes that is run later. */
function noteCode(code: string, what: string | undefined, known: Known): void {
  if (what === undefined) return;
  for (const [, name = ""] of code.matchAll(/\bcreate\s+(?:or\s+replace\s+)?(?:function|procedure)\s+([\w."]+)/gi)) {
    known.functions.set(name.split(".").at(-1)!.replaceAll('"', ""), what);
  }
  if (/\bcreate\s[^;]*\btrigger\b/i.test(code)) note(/\bevent\s+trigger\b/i.test(code), what, known);
}

/** Statements that may be one of those that the tree tells. */
const NAMED = /^(?:CREATE|ALTER|DROP|GRANT|REVOKE|COMMENT|SECURITY)$/;

/**
 * What code that is no SQL, such as a TypeScript migration, may do.
 * @param known as for `uncomparedEffects`
 */
export function uncomparedInCode(code: string, known: Known = nothingKnown()): UncomparedEffect[] {
  noteMade(code, known.made);
  const own = inCode(code);
  const [what] = own;
  for (const [name, does] of known.functions) if (code.includes(name)) own.push(does);
  const found = own.map((one): UncomparedEffect => ({ statement: undefined, what: one, isSure: false }));
  const byOthers = writtenBy(known);
  noteCode(code, what, known);
  return [...found, ...byOthers];
}

/** Whether a text may hold something that no comparison shows; quick, and wrong now and then. Pure. */
export function maySpeakOfUncompared(text: string): boolean {
  return CODE.some(([words]) => words.test(text)) || EXECUTES.test(text);
}

const EXECUTES = /\bexecute\b/i;

/** What code may do that stands in the strings of a statement. */
function inBody(statement: string): string[] {
  return inCode(statement, EXECUTES.test(statement) ? putTogether(statement) : NOTHING_RUN);
}

function inCode(code: string, { texts, isUntold }: PutTogether = NOTHING_RUN): string[] {
  const text = [code.replaceAll(/--.*$/gm, ""), ...texts].join("\n;");
  const byWords = CODE.flatMap(([words, what]) => (words.test(text) ? [what] : []));
  const found = isUntold && byWords.length === 0 ? [UNTOLD] : byWords;
  return [...new Set(ASKS_VERSION.test(text) ? [...found, VERSION] : found)];
}

/** "changes a role, which no comparison shows" Pure. */
export function effectInWords({ isSure, what }: UncomparedEffect): string {
  return `${isSure ? "" : "runs code that possibly "}${what}, which no comparison shows`;
}

/** Whether it only depends on the server's version what is done. */
export function goesByVersion({ what }: UncomparedEffect): boolean {
  return what === VERSION;
}

const NOTHING_RUN: PutTogether = { texts: [], isUntold: false };

const CALLS: readonly (readonly [RegExp, string])[] = [
  [LARGE_OBJECT_CALL, LARGE_OBJECT],
  [ELSEWHERE_CALL, ELSEWHERE],
  [SERVER_CALL, SERVER],
];

function byCopy(statement: Statement): string | undefined {
  const tokens = statement.tokens();
  const end = copyEnd(tokens);
  if (end === undefined) return undefined;
  if (end.isProgram) return PROGRAM;
  return tokens[end.at] === "TO" ? SERVER_FILE : undefined;
}

/** Whether a statement itself calls what a text seems to call. */
function calls(statement: Statement, call: RegExp): boolean {
  if (!call.test(statement.text)) return false;
  const tokens = statement.tokens();
  return tokens.some((token, at) => tokens[at + 1] === "(" && call.test(`${token}(`));
}

function byTree(node: Node | undefined, made: Made): string | undefined {
  const [[kind, body] = []] = Object.entries(node ?? {});
  if (kind === undefined) return undefined;
  const { objtype, objectType, renameType } = body as Readonly<Record<string, unknown>>;
  const on = [objtype, objectType, renameType].flatMap((type) => OBJECTS[type as string] ?? []);
  return on[0] ?? changeOfForeign(kind, body as Readonly<Record<string, unknown>>, made) ?? STATEMENTS[kind];
}
