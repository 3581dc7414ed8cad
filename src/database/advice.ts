import type { ServerReport } from "#errors/error.ts";
import { shellWord } from "#errors/shell.ts";
import { codePointOffset } from "#sql/position.ts";
import { quoteIdentifier, RESERVED, writeIdentifier } from "#sql/quote.ts";

const LIMIT = (setting: string, why: string): string =>
  `The limit is ${setting}, as the work or the connection's options set it: Confiture lifts what a role or database sets. ${why} Nothing of the open transaction was kept.`;

/** Next steps for errors that newcomers meet, by SQLSTATE (PostgreSQL manual, "Error Codes"). */
const ADVICE: Readonly<Record<string, string>> = {
  "42P07": "It is there already. Remove one of the two statements that make it, or write CREATE ... IF NOT EXISTS.",
  "42P06": "The schema is there already. Write CREATE SCHEMA IF NOT EXISTS.",
  "42710": "It is there already. Use IF NOT EXISTS or OR REPLACE where PostgreSQL has it.",
  "42723": "Write CREATE OR REPLACE FUNCTION.",
  "42701":
    "The column is there already. Remove one of the two statements that make it, or write ADD COLUMN IF NOT EXISTS.",
  "2BP01":
    "Other objects depend on it. Drop or change them first, in the same file, or write CASCADE, which drops them as well.",
  "42501": "The role lacks a privilege. Connect as the owner, or have it granted.",
  "25006":
    "The transaction is read-only: the database is a standby or default_transaction_read_only is on (connect to the primary), or the SQL itself says READ ONLY.",
  "55006":
    "Rows that earlier statements of this transaction changed still wait for their triggers or constraints. Put SET CONSTRAINTS ALL IMMEDIATE before this statement, or the statement into a migration of its own.",
  "55P04":
    "A new value of an enum can be used only once it is committed. Put ALTER TYPE ... ADD VALUE into a migration of its own, before this one; in schema files write the value into CREATE TYPE.",
  "53300":
    "Every connection that the server allows is taken. Try again when there are fewer (--wait 1min does), see who has them (SELECT pid, usename, application_name, state FROM pg_stat_activity), or raise max_connections.",
  "57P03":
    "Is the server running? It says that it is starting up, shutting down or recovering: try again once it is up.",
  "55P03": "Another session holds a lock on it. Try again when it is quiet, or raise migrations.lock_timeout.",
  "40P01":
    "It and another session each waited for a lock that the other one had, and PostgreSQL ended this one. Run it again; where that happens often, take the locks in the same order as the application (LOCK TABLE first).",
  "53100": "The server's disk is full. Nothing of the open transaction was kept.",
  "53200": "The server ran out of memory or lock slots. Raise max_locks_per_transaction, or split the work.",
  "25P03": LIMIT("idle_in_transaction_session_timeout", "It waited for something outside the database."),
  "25P04": LIMIT("transaction_timeout", "The work in the transaction took longer."),
  "57P05": LIMIT("idle_session_timeout", "It waited for something outside the database."),
};

const MISSING_EXTENSION = "A file is missing on the server: most often an extension that is not installed there.";

/** How rows of this machine come into a database, which a file's name in COPY is no way for. */
export const ROWS_FROM_HERE =
  'Rows of a file are read with: confiture db sql "COPY users FROM STDIN" < FILE\n' +
  "In SQL itself, they follow COPY users FROM stdin; and end with \\. on a line of its own.";

/** How rows come out of a database into a file of this machine. */
export const ROWS_TO_HERE = 'Rows are written to a file with: confiture db sql "COPY users TO STDOUT" > FILE';

/** For whoever would use psql's `\copy`. */
export const COPY_WAYS = `${ROWS_FROM_HERE}\n${ROWS_TO_HERE}`;

const COPY_ON_SERVER = `COPY with the name of a file reads and writes it on the server's machine.\n${COPY_WAYS}`;

/** duplicate_table, duplicate_column, duplicate_object, duplicate_function, duplicate_schema. */
const THERE_ALREADY: ReadonlySet<string> = new Set(["42P07", "42701", "42710", "42723", "42P06"]);

/** Whether PostgreSQL refused to make what is there. */
export function isThereAlready({ server }: { readonly server?: ServerReport | undefined }): boolean {
  return server !== undefined && THERE_ALREADY.has(server.sqlstate);
}

/** Whether something was to be made without the name of a schema, and the search_path names none that exists. */
export function isWithoutSchema({ sqlstate, routine }: ServerReport): boolean {
  return sqlstate === "3F000" && routine?.endsWith("GetCreationNamespace") === true;
}

/** Whether a CREATE OR REPLACE VIEW does not begin with the columns that the view has (checkViewTupleDesc before version 15). */
export function isOtherViewColumns({ sqlstate, routine }: ServerReport): boolean {
  return sqlstate === "42P16" && /^checkView(?:Columns|TupleDesc)$/.test(routine ?? "");
}

export function adviceFor(server: ServerReport): string | undefined {
  if (isOtherViewColumns(server)) return VIEW_COLUMNS;
  if (isWithoutSchema(server)) return WITHOUT_SCHEMA;
  if (server.sqlstate === "42501" && server.routine === "check_enable_rls") return HIDDEN_ROWS;
  if (server.sqlstate === "0A000" && server.message.includes("extension")) return MISSING_EXTENSION;
  // The server's own hint, which names psql's command in every language.
  if (server.hint?.includes("\\copy") === true) return COPY_ON_SERVER;
  if (server.sqlstate === "58P01") return /extension|\$libdir/.test(server.message) ? MISSING_EXTENSION : undefined;
  if (server.sqlstate === "42704" && server.message.startsWith("role ")) return adviceForRole(server.message);
  if (server.sqlstate === "0A000" && server.message.includes("used by a view or rule")) return USED_BY_VIEW;
  if (server.sqlstate === "57014" && server.message.includes("statement timeout"))
    return "The limit is statement_timeout: migrations.statement_timeout in the environment file, what the SQL or the connection's options set, or what the role or the database sets (ALTER ROLE, ALTER DATABASE).";
  return ADVICE[server.sqlstate];
}

const VIEW_COLUMNS =
  "CREATE OR REPLACE VIEW has to begin with the columns that the view has, as they are, and may add others behind them.\n" +
  "Where two migrations replace it, each for its own columns, write the columns of both. To take columns away or move them, write DROP VIEW and CREATE VIEW, with its comments and rights.";

const HIDDEN_ROWS =
  "Policies decide which rows of this table the role sees. With row_security = off, as migrations run, PostgreSQL refuses the statement, where it would pass over the other rows without a word.\n" +
  "Run it as a role that sees every row: with BYPASSRLS, a superuser, or the table's owner unless policies hold for that one as well (FORCE ROW LEVEL SECURITY).\n" +
  "The owner may also write ALTER TABLE ... NO FORCE ROW LEVEL SECURITY before it and ALTER TABLE ... FORCE ROW LEVEL SECURITY behind it, in one transaction.\n" +
  "Where no other rows are meant than those that the policies show, write SET row_security = on; before it.";

const WITHOUT_SCHEMA =
  "No schema that search_path names exists. SQL before this may set it, the role or the database (ALTER ROLE, ALTER DATABASE ... SET search_path). Make the schema first, or write it in front of the name.";

const USED_BY_VIEW =
  "Drop the view before it, and make it again behind it, with its comments and rights.\n" +
  "Or change both in the schema files, without this statement: `confiture migrate generate NAME` then writes all of that.";

function adviceForRole(message: string): string {
  const name = /^role "(.*)" does not exist$/s.exec(message)?.[1];
  return name === undefined
    ? `${OF_SERVER} Create it there first: confiture db sql "CREATE ROLE ..."`
    : adviceForRoles([name]);
}

const OF_SERVER = "Roles belong to the server; neither a build nor a generated migration makes them.";

/** What to do about roles that a server does not have. */
export function adviceForRoles(names: readonly string[]): string {
  const sql = names.map((name) => `CREATE ROLE ${writeIdentifier(name)}`).join("; ");
  const command = `confiture db sql ${/^[\w ;]+$/.test(sql) ? `"${sql}"` : shellWord(sql)}`;
  if (names.length === 1) return `${OF_SERVER} Create it there first: ${command}`;
  return `${names.length} roles are missing there: ${names.join(", ")}. ${OF_SERVER} Create them there first: ${command}`;
}

/** What a name stands behind, in any statement. */
const BEFORE_NAME =
  /\b(?:TABLE|EXISTS|VIEW|TYPE|SEQUENCE|INDEX|INTO|UPDATE|FROM|JOIN|REFERENCES|ON|ADD|COLUMN|TO)\s+(?:[\w"]+\.)?$/i;
/** The beginning of a column's definition. */
const BEFORE_COLUMN = /(?:^|;)\s*CREATE\s[^;]*\bTABLE\b[^;]*[(,]\s*$/i;

/**
 * What to do where a reserved word stands in the place of a name, which PostgreSQL calls a syntax error.
 * @param sql the text that was sent
 */
export function adviceForWord(report: ServerReport | undefined, sql: string): string | undefined {
  if (report?.sqlstate !== "42601" || report.position === undefined) return undefined;
  const offset = codePointOffset(sql, report.position);
  const word = /^\w+/.exec(sql.slice(offset, offset + 64))?.[0];
  if (word === undefined || !RESERVED.has(word.toLowerCase())) return undefined;
  const before = sql.slice(Math.max(0, offset - 4000), offset).replaceAll(/--[^\n]*|\/\*[^]*?\*\//g, " ");
  if (!BEFORE_NAME.test(before) && !BEFORE_COLUMN.test(before)) return undefined;
  return `"${word}" is a reserved word of SQL. As a name it needs double quotes, here and in every query: ${quoteIdentifier(word.toLowerCase())}. Another name saves that.`;
}

/** Why PostgreSQL refused a statement inside a transaction. */
export type TransactionObstacle =
  /** It cannot run in one at all, or it ends the transaction: CREATE INDEX CONCURRENTLY, CALL of a procedure that commits. */
  | "needs-none"
  /** It has to be the first of its transaction. */
  | "set-transaction"
  /** A function or DO block asks for it, which always has a transaction. */
  | "in-function";

/**
 * What 25001 (active_sql_transaction) or 2D000 (invalid_transaction_termination) is about; undefined for other errors.
 * Names of commands stay as they are in translated messages.
 */
export function transactionObstacle({ sqlstate, message, context }: ServerReport): TransactionObstacle | undefined {
  if (sqlstate === "2D000") return "needs-none";
  if (sqlstate !== "25001") return undefined;
  if (message.includes("SET TRANSACTION")) return "set-transaction";
  // "PL/pgSQL function ...", "SQL function ...", "SQL statement ...", against "while reindexing partitioned table".
  return /SQL|PL\//.test(context ?? "") ? "in-function" : "needs-none";
}

/** The way out of `in-function`, wherever it is met. */
export const NOT_IN_FUNCTION =
  "Inside a function or DO block it always has a transaction. Write it as a statement of its own.";

/** PostgreSQL's codes for "does not exist": a relation, a function, another object, a schema (or no schema to make something in). */
const MISSING_NAME: ReadonlySet<string> = new Set(["42P01", "42883", "42704", "3F000"]);

/** Whether PostgreSQL did not find something that a statement names. */
export function isMissingName({ sqlstate }: ServerReport): boolean {
  return MISSING_NAME.has(sqlstate);
}
