import { inside, type Node, type Parser, strings } from "./parser.ts";
import type { Statement } from "./statement.ts";

/** Something that a statement does and that no comparison of two databases shows. */
export interface UncomparedEffect {
  /** What does it; undefined for code that is no SQL. */
  readonly statement: Statement | undefined;
  /** "changes a role" */
  readonly what: string;
  /** Certain where the statement itself says so; code only may do it. */
  readonly isSure: boolean;
}

const ROLE = "changes a role";
const DATABASE = "changes a database itself";
const SERVER = "changes the server";
const LARGE_OBJECT = "works on large objects";
const SYSTEM_RIGHTS = "changes rights on an object of PostgreSQL's own";
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
  [/\bon\s+large\s+object\b/i, LARGE_OBJECT],
  [/\b(?:grant|revoke)\b[^;]*\bon\b[^;]*\b(?:pg_catalog|information_schema)\b/i, SYSTEM_RIGHTS],
];

const ASKS_VERSION = /\bserver_version(?:_num)?\b|\bversion\s*\(\s*\)/i;

/** Which of these statements do, or may do, something that no comparison shows. Pure. */
export function uncomparedEffects(statements: readonly Statement[], parser: Parser): UncomparedEffect[] {
  const functions = new Map<string, string>();
  return statements.flatMap((statement): UncomparedEffect[] => {
    const { text, firstWord = "" } = statement;
    const found: UncomparedEffect[] = [];
    const add = (what: string, isSure: boolean): void => {
      found.push({ statement, what, isSure });
    };
    if (firstWord === "DO") {
      for (const what of inCode(text)) add(what, false);
    } else if (firstWord === "CREATE" && /\b(?:function|procedure)\b/i.test(text)) {
      // A definition does nothing by itself; whoever calls it does.
      const node = parser.parse(text);
      const name = strings(inside(node, "CreateFunctionStmt")?.funcname).at(-1);
      const [what] = inCode(text);
      if (name !== undefined && what !== undefined) functions.set(name, what);
      return [];
    } else if (NAMED.test(firstWord)) {
      const what = byTree(parser.parse(text));
      if (what !== undefined) add(what, true);
    } else {
      if (LARGE_OBJECT_CALL.test(text) && calls(statement, /^(?:LO_\w+|LOWRITE|LOREAD)$/)) add(LARGE_OBJECT, true);
      if (ASKS_VERSION.test(text)) add(VERSION, false);
    }
    for (const [name, what] of functions) if (text.includes(name)) add(what, false);
    return found;
  });
}

/** Statements that may be one of those that the tree tells. */
const NAMED = /^(?:CREATE|ALTER|DROP|GRANT|REVOKE|COMMENT|SECURITY)$/;

/** What code that is no SQL, such as a TypeScript migration, may do. Pure. */
export function uncomparedInCode(code: string): UncomparedEffect[] {
  return inCode(code).map((what) => ({ statement: undefined, what, isSure: false }));
}

function inCode(code: string): string[] {
  const text = code.replaceAll(/--.*$/gm, "");
  const found = CODE.flatMap(([words, what]) => (words.test(text) ? [what] : []));
  return [...new Set(ASKS_VERSION.test(text) ? [...found, VERSION] : found)];
}

/** Whether it only depends on the server's version what is done. */
export function goesByVersion({ what }: UncomparedEffect): boolean {
  return what === VERSION;
}

function calls(statement: Statement, name: RegExp): boolean {
  const tokens = statement.tokens();
  return tokens.some((token, at) => name.test(token) && tokens[at + 1] === "(");
}

function byTree(node: Node | undefined): string | undefined {
  const [[kind, body] = []] = Object.entries(node ?? {});
  if (kind === undefined) return undefined;
  const { objtype, objectType, renameType, objects } = body as Readonly<Record<string, unknown>>;
  const on = [objtype, objectType, renameType].flatMap((type) => OBJECTS[type as string] ?? []);
  if (on[0] !== undefined) return on[0];
  if (kind === "GrantStmt" && isOnSystem(objects)) return SYSTEM_RIGHTS;
  return STATEMENTS[kind];
}

/** A name of PostgreSQL's own schemas, or one that begins as its own do. */
function isOnSystem(objects: unknown): boolean {
  return /"(?:sval|schemaname)":"(?:pg_catalog|information_schema)"|"(?:sval|relname)":"pg_/.test(
    JSON.stringify(objects ?? []),
  );
}
